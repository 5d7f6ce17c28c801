"""Tables that people open in a spreadsheet: names show right, and nothing in them is computed."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

__all__ = ["as_csv_file", "guarded", "is_computed"]

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet may compute what begins so; the full-width signs are those of Asian keyboards."""


def is_computed(text: str) -> bool:
    """Whether a spreadsheet may take `text` for a formula, or for text that was guarded."""
    return text.startswith((*FORMULA, "'"))


def guarded(text: str) -> str:
    """`text` that no spreadsheet computes: with an apostrophe before it where it might be.

    Text that begins with an apostrophe gets one too: take one away, and it is what it was.

    >>> guarded("=1+1"), guarded("cat"), guarded("'s")
    ("'=1+1", 'cat', "''s")
    """
    return f"'{text}" if is_computed(text) else text


def as_csv_file(rows: Iterable[Sequence[object]], *, quote_text: bool = False) -> bytes:
    """The rows as a CSV file in UTF-8; it begins with a byte-order mark, by which Excel knows that.

    Half a character, as the name of a folder may hold, becomes `\\udc80`, as JSON has it.

    >>> as_csv_file([["name", "value"], ["cat", -1.5]]).decode("utf-8-sig")
    'name,value\\ncat,-1.5\\n'
    """
    file = StringIO()
    writer = csv.writer(
        file,
        quoting=csv.QUOTE_NONNUMERIC if quote_text else csv.QUOTE_MINIMAL,
        lineterminator="\n",
    )
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig", "backslashreplace")
