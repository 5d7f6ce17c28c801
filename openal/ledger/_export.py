"""The answers as rows, for a spreadsheet or another program."""

import json
from collections.abc import Iterator

from openal._spreadsheet import as_csv_file, guarded
from openal.ledger._events import SKIPPED, UNKNOWN
from openal.ledger._inspect import LedgerReport

__all__ = ["as_csv", "as_json"]

COLUMNS = ("index", "class", "label", "annotator", "round", "time")
SPELLED = {UNKNOWN: "UNKNOWN", SKIPPED: "SKIPPED"}


def as_csv(report: LedgerReport) -> bytes:
    """One line per answer, in answer order, all text in quotes, after a byte-order mark.

    Text that a spreadsheet could compute has an apostrophe before it, and so has text that begins
    with an apostrophe: take one away, and it is what it was.
    """
    lines = ([_cell(value) for value in row] for row in _rows(report))
    return as_csv_file([COLUMNS, *lines], quote_text=True)


def as_json(report: LedgerReport) -> bytes:
    """Size, classes, answers in answer order, and what is pending; one line per answer."""
    answers = ",\n  ".join(_json(dict(zip(COLUMNS, row, strict=True))) for row in _rows(report))
    parts = {
        "size": _json(report.answers.size),
        "classes": _json(report.answers.classes),
        "pending": _json(report.answers.pending_in_order()),
        "answers": f"[\n  {answers}\n ]" if answers else "[]",
    }
    lines = ",\n".join(f' "{name}": {text}' for name, text in parts.items())
    return _encoded(f"{{\n{lines}\n}}\n")


def _rows(report: LedgerReport) -> Iterator[tuple[object, ...]]:
    """The values of COLUMNS of each answer; a round is a position in `LabeledSet.history`."""
    answers = report.answers
    for index, label in answers.labels.items():
        name = SPELLED.get(label) or answers.classes[label]
        annotator, number = answers.annotators.get(index), answers.round_of[index]
        yield index, name, label, annotator, number, report.times[index]


def _cell(value: object) -> object:
    return guarded(value) if isinstance(value, str) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encoded(text: str) -> bytes:
    """UTF-8; half a character, from the name of a folder say, becomes `\\udc80`, as JSON has it."""
    return text.encode("utf-8", "backslashreplace")
