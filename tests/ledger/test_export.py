"""What is exported reads back as what was answered, and computes nothing on the way."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import LedgerReport, as_csv, as_json, read_whole

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "'=1",
    "'s-Hertogenbosch",
    'a "quoted", name;',
    "two\r\nlines",
    "one\rline",
    "nul\0",
    "<script>alert(1)</script>",
    "</script>",
    "\u202eright to left",
    "dög \U0001f415",
    "\\udc80",
    " cat ",
]
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture
def found(tmp_path: Path) -> LedgerReport:
    """Each hostile name is the class of an item, and where it may be an annotator, that too."""
    labeled = LabeledSet(100, HOSTILE, tmp_path / "answers.db")
    for k, name in enumerate(HOSTILE):
        labeled.add([k + 50], [k], annotator=name if name.isprintable() else None)
    labeled.add([1, 0], [UNKNOWN, SKIPPED])
    return read_whole(tmp_path / "answers.db")


def expected() -> list[tuple[Any, ...]]:
    """Index, class, label, annotator and round."""
    names = [(k + 50, name, k, name, 0) for k, name in enumerate(HOSTILE)]
    rows = [(i, c, k, who if who.isprintable() else None, r) for i, c, k, who, r in names]
    return [*rows, (1, "UNKNOWN", UNKNOWN, None, 0), (0, "SKIPPED", SKIPPED, None, 0)]


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def unguarded(cell: str) -> str:
    return cell.removeprefix("'")


def test_csv_reads_back(found: LedgerReport) -> None:
    rows = [
        (
            int(row["index"]),
            unguarded(row["class"]),
            int(row["label"]),
            unguarded(row["annotator"]) or None,
            int(row["round"]),
        )
        for row in cells(as_csv(found))
    ]
    assert rows == expected()


def test_no_text_in_csv_is_computed(found: LedgerReport) -> None:
    texts = [row[name] for row in cells(as_csv(found)) for name in ("class", "annotator", "time")]
    assert [text for text in texts if text.startswith(FORMULA)] == []


def test_all_text_in_csv_is_quoted(found: LedgerReport) -> None:
    head, *_, last = as_csv(found).decode("utf-8-sig").split("\n")[:-1]
    assert head == '"index","class","label","annotator","round","time"'
    assert last.startswith('0,"SKIPPED",-2,"",0,"2')


def test_excel_is_told_that_the_csv_is_utf8(found: LedgerReport) -> None:
    assert as_csv(found).startswith(b"\xef\xbb\xbf")
    assert as_json(found).startswith(b"{")


def test_json_reads_back(found: LedgerReport) -> None:
    value = json.loads(as_json(found))
    rows = [tuple(row.values())[:5] for row in value["answers"]]
    assert rows == expected()
    assert (value["size"], value["classes"], value["pending"]) == (100, HOSTILE, [])


def test_the_time_is_that_of_the_call(found: LedgerReport) -> None:
    for row in (cells(as_csv(found))[0], json.loads(as_json(found))["answers"][0]):
        assert len(row["time"]) == len("2026-01-31T23:59:59Z")
        assert row["time"].endswith("Z")


def test_half_a_character(tmp_path: Path) -> None:
    """As the name of a folder that is not UTF-8 has it."""
    LabeledSet(10, ["caf\udce9"], tmp_path / "answers.db").add([3], [0])
    found = read_whole(tmp_path / "answers.db")
    assert json.loads(as_json(found))["classes"] == ["caf\udce9"]
    assert cells(as_csv(found))[0]["class"] == "caf\\udce9"


def test_what_waits_and_what_moved(tmp_path: Path) -> None:
    labeled = LabeledSet(10, 2, tmp_path / "answers.db")
    labeled.add([4, 5], [0, 1])
    labeled.relabel([4], [1], annotator="bob")
    labeled.retract([5])
    labeled.begin_round(type("Query", (), {"indices": [5, 6]}))
    labeled.add([6], [UNKNOWN])
    value = json.loads(as_json(read_whole(tmp_path / "answers.db")))
    rows = [tuple(row.values())[:5] for row in value["answers"]]
    assert rows == [(4, "1", 1, "bob", 0), (6, "UNKNOWN", UNKNOWN, None, 1)]
    assert value["pending"] == [5]


def test_no_answers(tmp_path: Path) -> None:
    LabeledSet(10, 2, tmp_path / "answers.db")
    found = read_whole(tmp_path / "answers.db")
    assert json.loads(as_json(found))["answers"] == cells(as_csv(found)) == []
