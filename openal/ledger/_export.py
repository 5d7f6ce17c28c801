"""The answers as rows, for a spreadsheet or another program."""

import json
from collections.abc import Iterator
from io import BytesIO

from openal._spreadsheet import as_csv_file, guarded
from openal.errors import MissingPackageError
from openal.ledger._answers import Answers
from openal.ledger._inspect import LedgerReport
from openal.ledger._settings import WORDS

__all__ = ["as_csv", "as_json", "as_parquet"]


def as_csv(report: LedgerReport) -> bytes:
    """One line per answer, in answer order, all text in quotes, after a byte-order mark.

    Text that a spreadsheet could compute has an apostrophe before it, and so has text that begins
    with an apostrophe: take one away, and it is what it was.
    """
    columns = _columns(report.answers)
    lines = ([_cell(row[name]) for name in columns] for row in _rows(report))
    return as_csv_file([columns, *lines], quote_text=True)


def as_json(report: LedgerReport) -> bytes:
    """Size, classes, answers in answer order, and what is pending; one line per answer.

    Where annotators disagree, also what each of them said, by item.
    """
    answers, columns = report.answers, _columns(report.answers)
    rows = ({name: row[name] for name in columns} for row in _rows(report))
    parts = {
        "size": _json(answers.size),
        "classes": _json(answers.classes),
        "pending": _json(answers.pending_in_order()),
        "answers": _listed(rows),
    }
    if answers.disagreements():
        parts |= {
            "policy": _json(answers.settings.policy),
            "disputed": _json(answers.disputed()),
            "disagreements": _listed(_disagreements(answers)),
        }
    lines = ",\n".join(f' "{name}": {text}' for name, text in parts.items())
    return _encoded(f"{{\n{lines}\n}}\n")


def as_parquet(report: LedgerReport) -> bytes:
    """The same rows as `as_csv` as Parquet, text as it is; size and classes are in its metadata.

    Needs pyarrow: a MissingPackageError where it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingPackageError(
            'Parquet needs pyarrow: pip install "openal[parquet]".'
        ) from error
    rows, answers = [*_rows(report)], report.answers
    kinds = {"index": pa.int64(), "label": pa.int64(), "round": pa.int64()}
    columns = {
        name: pa.array([_plain(row[name]) for row in rows], kinds.get(name, pa.string()))
        for name in _columns(answers)
    }
    about = {"openal size": f"{answers.size}", "openal classes": json.dumps(answers.classes)}
    file = BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(about), file)
    return file.getvalue()


def _plain(value: object) -> object:
    """What Parquet holds: opinions as JSON, and whole characters."""
    value = _json(value) if isinstance(value, dict) else value
    return _encoded(value).decode() if isinstance(value, str) else value


def _columns(answers: Answers) -> tuple[str, ...]:
    """What is told of each answer: its key and its opinions only where the ledger has such."""
    keys = ("key",) if answers.settings.keys else ()
    opinions = ("opinions",) if answers.opinions else ()
    return ("index", *keys, "class", "label", "annotator", "round", "time", *opinions)


def _rows(report: LedgerReport) -> Iterator[dict[str, object]]:
    """Every answer; a round is a position in `LabeledSet.history`."""
    answers = report.answers
    for index, label in answers.labels.items():
        yield {
            "index": index,
            "key": answers.settings.keys.get(index),
            "class": _name(answers, label),
            "label": label,
            "annotator": answers.annotators.get(index),
            "round": answers.round_of[index],
            "time": report.times[index],
            "opinions": _opinions(answers, index),
        }


def _disagreements(answers: Answers) -> Iterator[dict[str, object]]:
    for index in answers.disagreements():
        key = answers.settings.keys.get(index)
        told = {} if key is None else {"key": key}
        yield {"index": index, **told, "opinions": _opinions(answers, index)}


def _opinions(answers: Answers, index: int) -> dict[str, str] | None:
    """What each annotator said, by name, where several did."""
    said = answers.opinions.get(index)
    return None if said is None else {who: _name(answers, given) for who, given in said.items()}


def _name(answers: Answers, label: int) -> str:
    return WORDS.get(label) or answers.classes[label]


def _cell(value: object) -> object:
    value = _json(value) if isinstance(value, dict) else value
    return guarded(value) if isinstance(value, str) else value


def _listed(rows: Iterator[dict[str, object]]) -> str:
    lines = ",\n  ".join(map(_json, rows))
    return f"[\n  {lines}\n ]" if lines else "[]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encoded(text: str) -> bytes:
    """UTF-8; half a character, from the name of a folder say, becomes `\\udc80`, as JSON has it."""
    return text.encode("utf-8", "backslashreplace")
