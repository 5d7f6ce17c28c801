"""What commands of a project print: lines that any terminal holds, and what to type next."""

import sys
from collections.abc import Iterable, Sequence

from openal._words import plural, printable

__all__ = ["counted", "plural", "say", "table"]


def say(lines: Iterable[str]) -> None:
    """Print lines; one with signs that a terminal would obey is printed as Python writes it."""
    for line in lines:  # a name may hold anything
        sys.stdout.write(f"{printable(line)}\n")
    sys.stdout.flush()


def counted(counts: Iterable[tuple[str, int]]) -> str:
    """Counts by name as words.

    >>> counted([("cat", 3), ("UNKNOWN", 2)])
    '3 cat, 2 UNKNOWN'
    """
    return ", ".join(f"{count} {name}" for name, count in counts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, each column as wide as its widest cell.

    >>> table(["file", "purity"], [["a.jpg", "0.91"]])
    ['file   purity', 'a.jpg  0.91']
    """
    cells = [
        [*head],
        *([*map(printable, row)] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    pairs = (zip(row, widths, strict=True) for row in cells)
    return ["  ".join(f"{cell:{width}}" for cell, width in row).rstrip() for row in pairs]
