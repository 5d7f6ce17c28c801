"""Our docstrings as reStructuredText: marks are escaped, and the last paragraphs get titles."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["as_rst", "first_paragraph"]

LEAD = re.compile(r"(Cost|Differences[^:]*|References?|Note): ")
MARKS = re.compile(r"(?<!\\)([*|]|(?<=\w)_(?!\w))")
CODE = re.compile(r"(`[^`]*`)")


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring: backticks are code, "Reference: ..." begins with a bold word."""
    return list(_titled(_escaped(lines)))


def _escaped(lines: list[str]) -> Iterator[str]:
    """Outside of code and of examples, `*`, `|` and a final `_` stand for themselves."""
    text = "\n".join(lines)
    for block in re.split(r"(\n\s*\n)", text):
        is_code = block.lstrip().startswith(">>>") or not block.strip()
        parts = [block] if is_code else CODE.split(block)
        yield "".join(p if p.startswith("`") or is_code else MARKS.sub(r"\\\1", p) for p in parts)


def _titled(blocks: Iterator[str]) -> Iterator[str]:
    text = "".join(blocks)
    for line in text.split("\n"):
        yield LEAD.sub(lambda m: f"**{m[1]}.** ", line, count=1) if LEAD.match(line) else line


def first_paragraph(value: Any) -> str:
    """What a docstring begins with, on one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
