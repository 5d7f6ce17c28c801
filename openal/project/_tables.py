"""CSV as spreadsheets write it: with a byte-order mark or without, commas, semicolons or tabs."""

import codecs
import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

from openal._files import content_of
from openal._spreadsheet import as_csv_file, guarded
from openal.errors import ArgumentError

__all__ = ["csv_table", "decoded", "delimiter_of", "table_rows"]

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of .xlsx and .ods, and of .xls, begin."""


def table_rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a file that are not empty, each with the number of its last line.

    Raises an ArgumentError where there is no table, also where a quote that is never closed makes
    all that follows one cell.
    """
    content = content_of(path)
    if content.startswith(WORKBOOKS):
        raise ArgumentError(f"{path} is a workbook of a spreadsheet; save it as CSV there.")
    text = decoded(content)
    lines = StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter_of(text), strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ArgumentError(f"{path}, line {reader.line_num}: {error}; is a quote open?") from error


def decoded(content: bytes) -> str:
    """The text of a file: by its mark, else UTF-8, else what Excel writes on Windows.

    >>> decoded(b"\\xef\\xbb\\xbffile"), decoded("é".encode("cp1252"))
    ('file', 'é')
    """
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def delimiter_of(text: str) -> str:
    """What parts the columns of a table: the sign that its first line with text has most of.

    >>> delimiter_of("file;class"), delimiter_of("file,class"), delimiter_of("file")
    (';', ',', ',')
    """
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=first.count)


def csv_table(rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in which nothing is computed; where all is ASCII it needs no byte-order mark.

    >>> csv_table([["file", "class"], ["=1.jpg", "cat"]])
    b"file,class\\n'=1.jpg,cat\\n"
    """
    cells = ([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    content = as_csv_file(cells)
    plain = content.removeprefix(codecs.BOM_UTF8)
    return plain if plain.isascii() else content
