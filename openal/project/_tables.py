"""CSV as spreadsheets write it: with a byte-order mark or without, commas, semicolons or tabs."""

import codecs
from collections.abc import Iterable, Sequence

from openal._spreadsheet import as_csv_file, guarded

__all__ = ["csv_table", "decoded", "delimiter_of"]

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


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
    """What parts the columns of a table: the sign that its first line has most of.

    >>> delimiter_of("file;class"), delimiter_of("file,class"), delimiter_of("file")
    (';', ',', ',')
    """
    first = text.partition("\n")[0]
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
