"""The answers as rows, for a spreadsheet or another program."""

import csv
import json
from collections.abc import Iterator
from io import StringIO

from openal.ledger._answers import SKIPPED, UNKNOWN
from openal.ledger._inspect import Found

__all__ = ["as_csv", "as_json"]

COLUMNS = ("index", "class", "label", "annotator", "round", "time")
SPELLED = {UNKNOWN: "UNKNOWN", SKIPPED: "SKIPPED"}
GUARDED = tuple("=+-@\t\r\n＝＋－＠'")
"""What a spreadsheet may compute begins so; and the apostrophe, so that the guard can be undone."""


def as_csv(found: Found) -> bytes:
    """One line per answer, in answer order, all text in quotes.

    Text that a spreadsheet could compute has an apostrophe before it, and so has text that begins
    with an apostrophe: take one away, and it is what it was.
    """
    file = StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_guarded(value) for value in row] for row in _rows(found))
    return _encoded(file.getvalue())


def as_json(found: Found) -> bytes:
    """Size, classes, answers in answer order, and what is pending; one line per answer."""
    answers = ",\n  ".join(_json(dict(zip(COLUMNS, row, strict=True))) for row in _rows(found))
    parts = {
        "size": _json(found.answers.size),
        "classes": _json(found.answers.classes),
        "pending": _json(found.answers.pending_in_order()),
        "answers": f"[\n  {answers}\n ]" if answers else "[]",
    }
    lines = ",\n".join(f' "{name}": {text}' for name, text in parts.items())
    return _encoded(f"{{\n{lines}\n}}\n")


def _rows(found: Found) -> Iterator[tuple[object, ...]]:
    """The values of COLUMNS of each answer; a round is a position in `LabeledSet.history`."""
    answers = found.answers
    for index, label in answers.labels.items():
        name = SPELLED.get(label) or answers.classes[label]
        annotator, number = answers.annotators.get(index), answers.round_of[index]
        yield index, name, label, annotator, number, found.times[index]


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(GUARDED) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encoded(text: str) -> bytes:
    """UTF-8; half a character, from the name of a folder say, becomes `\\udc80`, as JSON has it."""
    return text.encode("utf-8", "backslashreplace")
