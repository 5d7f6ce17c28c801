"""Prints the map of the strategies, docs/strategies.md, from the strategies themselves.

    python -m docs.strategy_map > docs/strategies.md

The docstring of a strategy says what it does (its first paragraph), and holds a paragraph that
begins with "Cost:" and one that begins with "Reference:"; one or more may begin with "Differences".
The docstring of its property `stages` says the chain in words. The rest is asked of the strategy.
"""

import inspect
import re
import sys
import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from openal.errors import ArgumentError
from openal.strategies import available

HEAD = """\
# The strategies

What each one reads and trains; its name leads to what it costs, and where it differs from its paper
and from its authors' code. [Paper and code](paper-and-code.md) compares the first ones line by
line, and [Results](results.md) shows figures. Every strategy is a chain of narrowings, so each part
of it stands in a chain of your own as well: see [Write a strategy](write-a-strategy.md).

*Reads* are the signals of the pool. *Trains* is what a strategy brings for a signal that the pool
does not offer, the preferred learner first; what the pool offers goes first. Your classifier is
yours to train, or a pool's `Classifier`.
"""


def page() -> str:
    """The map in Markdown: a table of all, then a section for each."""
    kinds = strategies()
    if gaps(kinds):
        raise SystemExit("A docstring needs a paragraph:\n" + "\n".join(gaps(kinds)))
    return "\n".join([HEAD, *table(kinds), "", *(section(kind) for kind in kinds.values())])


def strategies() -> dict[str, type[Any]]:
    """The strategies of this package by name, in the order of the alphabet."""
    ours = {k: v for k, v in available().items() if v.__module__.startswith("openal.")}
    return dict(sorted(ours.items(), key=lambda item: item[0].lower()))


def gaps(kinds: dict[str, type[Any]]) -> list[str]:
    """What is missing in which docstring, one line for each paragraph: `NEAT: Cost:`."""
    needed = ("Cost:", "Reference:")
    return [f"{k}: {each}" for k, kind in kinds.items() for each in needed if not found(kind, each)]


def found(kind: type[Any], beginning: str) -> str:
    """The paragraphs of a docstring that begin so, as one, on one line."""
    return " ".join(each for each in paragraphs(kind) if each.startswith(beginning))


def paragraphs(kind: Any) -> list[str]:
    """The paragraphs of a docstring, each on one line."""
    return [" ".join(each.split()) for each in (inspect.getdoc(kind) or "").split("\n\n")]


def table(kinds: dict[str, type[Any]]) -> list[str]:
    """One row for each strategy."""
    rows = ["| strategy | paper | chain | reads | trains |", "|---|---|---|---|---|"]
    return rows + [f"| {' | '.join(row(name, kind))} |" for name, kind in kinds.items()]


def row(name: str, kind: type[Any]) -> list[str]:
    """What the table says of a strategy."""
    chain = " ".join((inspect.getdoc(kind.plan) or "").split()).rstrip(".")
    link = f"[{name}](#{name.lower()})"
    return [link, short(found(kind, "Reference:")), chain, reads(kind()), trains(kind())]


def short(reference: str) -> str:
    """First author, venue and year of a reference: `Mao et al., AAAI 2024`."""
    match = re.match(r'Reference: (?:(.+?), )?"[^"]+"[,.]? (.*?\b(?:19|20)\d\d)\b', reference)
    if match is None:
        return ""
    authors = re.split(r", | and ", match[1] or "")
    who = match[1] if len(authors) < 3 else f"{authors[0]} et al."
    return ", ".join(filter(None, (who, match[2])))


def reads(strategy: Any) -> str:
    """The signals that a strategy reads."""
    return ", ".join(f"`{name}`" for name in strategy.reads) or "nothing"


def trains(strategy: Any) -> str:
    """The learners that a strategy brings."""
    names = dict.fromkeys(type(each).__name__ for each in strategy.learners)
    return " or ".join(f"`{name}`" for name in names) or "nothing"


def section(kind: type[Any]) -> str:
    """What it does, its chain, what it costs, how it differs, where it comes from."""
    summary = textwrap.fill(paragraphs(kind)[0], 100)
    return "\n\n".join([f"## {kind.__name__}", summary, details(kind)]) + "\n"


def details(kind: type[Any]) -> str:
    """Its chain, what it costs, how it differs, where it comes from."""
    stages = "\n".join(map(terse, kind().stages))
    notes = [note(found(kind, each)) for each in ("Cost:", "Differences", "Reference:")]
    return "\n\n".join([f"```python\n{stages}\n```", *filter(None, notes)])


def terse(part: Any) -> str:
    """How to write a part in a chain: its repr without what is the default anyway."""
    if isinstance(getattr(part, "scores", None), tuple):
        return f"{type(part).__name__}({', '.join(map(terse, part.scores))})"
    if not is_dataclass(part):
        return repr(part)
    each = [(f, getattr(part, f.name)) for f in fields(part)]
    given = [(f, value) for f, value in each if value != default(f) and not follows(part, f)]
    words = [f"{'' if default(f) is MISSING else f.name + '='}{terse(v)}" for f, v in given]
    return f"{type(part).__name__}({', '.join(words)})"


def follows(part: Any, field: Field[Any]) -> bool:
    """Whether a part without this field would be the same: the other fields imply its value."""
    others = {f.name: getattr(part, f.name) for f in fields(part) if f is not field}
    try:
        return default(field) is not MISSING and type(part)(**others) == part
    except ArgumentError:  # it must be given
        return False


def default(field: Field[Any]) -> Any:
    """The default of a field, or MISSING."""
    made = field.default_factory
    return field.default if made is MISSING else made()


def note(paragraph: str) -> str:
    """A paragraph with its first words in bold."""
    text = re.sub(r"^(.+?): (.)", lambda m: f"**{m[1]}.** {m[2].upper()}", paragraph, count=1)
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.write(page())
