"""HTML, SVG and CSV from text that anyone may have written."""

import csv
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO

from openal.simulate.classes import shown

__all__ = ["element", "sheet", "short", "text"]

FORMULA = tuple("=+-@\t\r")
"""Spreadsheets compute what begins so."""


def text(words: str) -> str:
    """Words as HTML shows them, whatever is in them."""
    return escape(shown(words))


def element(tag: str, *inside: str, **attributes: str | float) -> str:
    """An element around markup; `class_` is class, `stroke_width` is stroke-width.

    >>> element("a", text("<b>"), href="x.csv", class_="file")
    '<a href="x.csv" class="file">&lt;b&gt;</a>'
    """
    given = "".join(f' {_name(name)}="{_value(each)}"' for name, each in attributes.items())
    return f"<{tag}{given}>{''.join(inside)}</{tag}>"


def short(number: float) -> str:
    """A coordinate: a tenth of a pixel is enough.

    >>> short(3.0), short(2.26), short(-0.01)
    ('3', '2.3', '0')
    """
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as CSV; text that a spreadsheet would compute begins with an apostrophe.

    >>> sheet([["name", "value"], ["=1+1", -1.5]])
    b"name,value\\n'=1+1,-1.5\\n"
    """
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_safe(value) for value in row] for row in rows)
    return file.getvalue().encode()


def _safe(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = shown(value)
    return f"'{words}" if value.startswith(FORMULA) else words


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else short(value)
