"""`openal strategies`: all strategies, what each does and reads, and its paper."""

import json
import sys
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from openal.commands._say import say
from openal.commands.arguments.strategies import parser

__all__ = ["main", "parser"]

WIDTH = 80
INDENT = "  "


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    rows = [*_rows()]
    if given.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return 0
    for row in rows:
        say([row["name"], *_filled(row["does"]), *_filled(_facts(row))])
    say(["", "Which one to take: openal.strategies.suggest, docs/choose.md."])
    return 0


def _rows() -> Iterator[dict[str, Any]]:
    from openal.strategies import available

    classes = available()
    for name in sorted(classes, key=str.lower):
        yield {"name": name, "does": _sentence(classes[name]), **_asked(classes[name])}


def _sentence(kind: type) -> str:
    """The first sentence of a docstring."""
    paragraph = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".") + "." if paragraph else ""


def _asked(kind: type) -> dict[str, Any]:
    """What a strategy with its defaults reads and cites; nothing where it must be given options."""
    from openal._cite import paper_keys

    try:
        strategy = kind()
    except Exception:  # of somebody else's
        return {"reads": None, "papers": []}
    return {"reads": [*getattr(strategy, "reads", ())], "papers": [*paper_keys(strategy)]}


def _facts(row: dict[str, Any]) -> str:
    reads = "what its options say" if row["reads"] is None else ", ".join(row["reads"])
    papers = ", ".join(row["papers"]) or "no paper"
    return f"reads {reads or 'nothing'}; {papers}"


def _filled(words: str) -> list[str]:
    return fill(words, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT).splitlines()
