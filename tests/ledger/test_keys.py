"""Keys beside indices: strings are taken for items, and a file of answers knows whose they are."""

import csv
import json
import sys
import time
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from openal._keys import Keys
from openal.errors import AnswerError, ArgumentError, LedgerError, MissingPackageError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import as_csv, as_json, as_parquet, read_whole
from openal.ledger._settings import KeyMark
from tests.walking import walked

KEYS = [f"{letter}.jpg" for letter in "abcdefghij"]
CLASSES = ["cat", "dog"]


@pytest.fixture(params=["memory", "disk"])
def labeled(request: pytest.FixtureRequest, tmp_path: Path) -> LabeledSet:
    path = tmp_path / "answers.db" if request.param == "disk" else None
    return LabeledSet(10, CLASSES, path, keys=KEYS)


def answers_of(labeled: LabeledSet) -> dict[int, int]:
    return dict(zip(*(array.tolist() for array in labeled.answers()), strict=True))


# --- strings


def test_keys_and_names_are_items_and_classes(labeled: LabeledSet) -> None:
    labeled.add(["b.jpg", "a.jpg", "j.jpg", "c.jpg"], ["dog", "UNKNOWN", "SKIPPED", "cat"])
    assert answers_of(labeled) == {1: 1, 0: 2, 2: 0}
    assert labeled.skipped_indices.tolist() == [9]


@walked
@pytest.mark.parametrize(
    "indices, labels",
    [
        (np.array(["b.jpg", "a.jpg"]), np.array(["dog", "cat"])),
        (pd.Series(["b.jpg", "a.jpg"]), pd.Series(["dog", "cat"], dtype="category")),
        (["b.jpg", 0], ["dog", 0]),
        ((key for key in ("b.jpg", "a.jpg")), [1, 0]),
        ([1, 0], ["dog", "cat"]),
    ],
)
def test_strings_of_any_container_and_beside_numbers(indices: Any, labels: Any) -> None:
    labeled = LabeledSet(10, CLASSES, keys=KEYS)
    labeled.add(indices, labels)
    assert answers_of(labeled) == {1: 1, 0: 0}


def test_one_key_with_one_name(labeled: LabeledSet) -> None:
    labeled.add("c.jpg", "dog")
    labeled.add(3, "cat")
    assert answers_of(labeled) == {2: 1, 3: 0}


def test_relabel_and_retract_take_keys(labeled: LabeledSet) -> None:
    labeled.add(["c.jpg", "d.jpg"], ["dog", "dog"])
    labeled.relabel(["c.jpg"], ["cat"])
    labeled.retract("d.jpg")
    assert answers_of(labeled) == {2: 0}


UNNAMED = {
    "key": (["a.jpg", "z.jpg"], [0, 0], r"indices\[1\] is 'z.jpg'; an integer.*one of its keys"),
    "class": (["a.jpg", "b.jpg"], ["cat", "owl"], r"labels\[1\] is 'owl'; the classes are 'cat'"),
    "case": ([0], ["unknown"], r"labels\[0\] is 'unknown'"),
    "a list with one name": ([0], "cat", "labels must be a list"),
}


@pytest.mark.parametrize("indices, labels, message", UNNAMED.values(), ids=UNNAMED)
def test_an_unknown_name_is_named_with_its_position(
    labeled: LabeledSet, indices: Any, labels: Any, message: str
) -> None:
    with pytest.raises(AnswerError, match=message):
        labeled.add(indices, labels)
    assert len(labeled) == 0


def test_without_keys_a_key_says_what_to_give() -> None:
    with pytest.raises(AnswerError, match=r"indices\[0\] is 'a.jpg'.*where keys= were given"):
        LabeledSet(10, CLASSES).add(["a.jpg"], [0])


@walked
@pytest.mark.parametrize(
    "keys, message",
    [
        (KEYS[:9], "10 here, got 9"),
        ([*KEYS[:9], "a.jpg"], r"keys\[9\] is 'a.jpg', which is there already, at 0"),
        ([*KEYS[:9], 7], r"keys\[9\] is 7"),
        ([*KEYS[:9], ""], r"keys\[9\] is ''"),
        ([*KEYS[:9], "a\0"], r"keys\[9\] is 'a\\x00'"),
        ("abcdefghij", "list of strings"),
        ({*KEYS}, "list of strings"),
        (7, "list of strings"),
    ],
)
def test_keys_that_cannot_be(tmp_path: Path, keys: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        LabeledSet(10, CLASSES, tmp_path / "answers.db", keys=keys)
    assert list(tmp_path.iterdir()) == []


# --- in a file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in which two items are answered and two are asked about."""
    labeled = LabeledSet(10, CLASSES, tmp_path / "answers.db", keys=KEYS)
    labeled.add(["c.jpg", "b.jpg"], ["cat", "UNKNOWN"], annotator="ann")
    labeled.begin_round(SimpleNamespace(indices=[7, 5]))
    return tmp_path / "answers.db"


def other(*places: int) -> list[str]:
    return [f"other {key}" if at in places else key for at, key in enumerate(KEYS)]


def test_the_same_keys_open_it_and_write_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert LabeledSet(10, CLASSES, path, keys=KEYS).known_indices.tolist() == [2]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "keys, message",
    [
        (other(2, 4), "item 2 is 'c.jpg' in the file and 'other c.jpg' in what was asked for"),
        (other(7), "item 7 is 'h.jpg' in the file"),
        (other(8, 9), "the first that differs is item 8, 'other i.jpg' here"),
        (KEYS[::-1], "item 2 is 'c.jpg' in the file and 'h.jpg'"),
    ],
)
def test_other_keys_are_refused_with_the_first_difference(
    path: Path, keys: list[str], message: str
) -> None:
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=f"has other keys: {message}"):
        LabeledSet(10, CLASSES, path, keys=keys)
    assert path.read_bytes() == before


def test_of_many_keys_the_block_that_differs_is_told() -> None:
    keys = Keys(tuple(map(str, range(1_000))))
    changed = Keys(tuple("x" if at == 801 else str(at) for at in range(1_000)))
    mark = KeyMark.of(keys)
    assert mark.difference(keys) is None
    assert mark.difference(changed) == "the first that differs is one of the items 800 to 803"


def test_an_old_file_without_keys_gets_them_later(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    LabeledSet(10, CLASSES, path).add([3], [0])
    LabeledSet(10, CLASSES, path, keys=KEYS)
    with pytest.raises(LedgerError, match=r"item 3 is 'd\.jpg' in the file"):
        LabeledSet(10, CLASSES, path, keys=other(3))
    with pytest.raises(LedgerError, match=r"item 9, 'other j\.jpg' here"):
        LabeledSet(10, CLASSES, path, keys=other(9))


def test_what_was_answered_without_keys_is_told_with_them_the_next_time(path: Path) -> None:
    LabeledSet(10, CLASSES, path).add([7], [0])
    LabeledSet(10, CLASSES, path, keys=KEYS)
    keys = [row["key"] for row in json.loads(as_json(read_whole(path)))["answers"]]
    assert keys == ["c.jpg", "b.jpg", "h.jpg"]


def test_an_export_has_a_column_of_keys(path: Path) -> None:
    rows = [*csv.DictReader(StringIO(as_csv(read_whole(path)).decode("utf-8-sig")))]
    assert [(row["index"], row["key"], row["class"]) for row in rows] == [
        ("2", "c.jpg", "cat"),
        ("1", "b.jpg", "UNKNOWN"),
    ]


def parquet(content: bytes) -> Any:
    reader = pytest.importorskip("pyarrow.parquet")
    return reader.read_table(BytesIO(content))


def test_a_parquet_export_has_the_rows_of_the_json(path: Path) -> None:
    found = read_whole(path)
    table = parquet(as_parquet(found))
    assert table.to_pylist() == json.loads(as_json(found))["answers"]
    assert table.schema.metadata[b"openal size"] == b"10"
    assert json.loads(table.schema.metadata[b"openal classes"]) == CLASSES


def test_a_parquet_export_holds_opinions_half_characters_and_nothing(tmp_path: Path) -> None:
    labeled = LabeledSet(2, CLASSES, tmp_path / "a.db", keys=["caf\udce9.jpg", "=1"])
    nothing = parquet(as_parquet(read_whole(tmp_path / "a.db")))
    assert nothing.num_rows == 0 and "class" in nothing.column_names
    for who, name in (("ann", "cat"), ("bob", "dog")):
        labeled.add(["caf\udce9.jpg"], [name], annotator=who)
    labeled.add([1], [UNKNOWN])
    one, two = parquet(as_parquet(read_whole(tmp_path / "a.db"))).to_pylist()
    assert one["key"] == "caf\\udce9.jpg" and two["key"] == "=1"
    assert json.loads(one["opinions"]) == {"ann": "cat", "bob": "dog"} and two["opinions"] is None


def test_without_pyarrow_the_error_says_how_to_install_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"pip install \"openal\[parquet\]\""):
        as_parquet(read_whole(path))


def test_a_key_is_computed_by_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    LabeledSet(1, CLASSES, path, keys=["=1+1"]).add([0], [0])
    (row,) = csv.DictReader(StringIO(as_csv(read_whole(path)).decode("utf-8-sig")))
    assert row["key"] == "'=1+1"


def test_half_a_character_is_a_key(tmp_path: Path) -> None:
    """As the name of a file that is not UTF-8 has it."""
    path, keys = tmp_path / "answers.db", ["caf\udce9.jpg", "\ud83d", "ok"]
    LabeledSet(3, CLASSES, path, keys=keys).add(keys[:1], [0])
    assert LabeledSet(3, CLASSES, path, keys=keys).known_indices.tolist() == [0]


def test_with_keys_a_file_grows(path: Path) -> None:
    longer = LabeledSet(12, CLASSES, path, keys=[*KEYS, "k.jpg", "l.jpg"])
    longer.add("l.jpg", "dog")
    again = LabeledSet(12, CLASSES, path, keys=[*KEYS, "k.jpg", "l.jpg"])
    assert (again.size, again.known_indices.tolist()) == (12, [2, 11])
    for keys in ([*KEYS, "k.jpg", "m.jpg"], ["z", *KEYS, "l.jpg"]):
        with pytest.raises(LedgerError, match="other keys"):
            LabeledSet(12, CLASSES, path, keys=keys)


def test_a_file_that_grew_is_seen_by_others_and_opens_no_smaller(path: Path) -> None:
    first = LabeledSet(10, CLASSES, path, keys=KEYS)
    LabeledSet(11, CLASSES, path, keys=[*KEYS, "k.jpg"]).add([10], [1])
    first.add([6], [SKIPPED])
    assert (first.size, first.known_indices.tolist()) == (11, [2, 10])
    with pytest.raises(LedgerError, match="size 11, asked for was 10"):
        LabeledSet(10, CLASSES, path, keys=KEYS)


def test_a_file_that_knows_keys_grows_with_keys_only(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"size 10, asked for was 12\. Give keys= of all 12"):
        LabeledSet(12, CLASSES, path)
    assert path.read_bytes() == before


def test_a_copy_knows_the_keys(labeled: LabeledSet) -> None:
    import pickle

    labeled.add("a.jpg", UNKNOWN)
    copied = pickle.loads(pickle.dumps(labeled))
    copied.add("b.jpg", "cat")
    assert (copied.unknown_indices.tolist(), copied.known_indices.tolist()) == ([0], [1])


@pytest.mark.long
def test_a_million_keys_open_in_seconds(tmp_path: Path) -> None:
    keys = Keys(tuple(f"folder/{at:07}.jpg" for at in range(1_000_000)))
    LabeledSet(1_000_000, CLASSES, tmp_path / "answers.db", keys=keys).add("folder/0000007.jpg", 0)
    begin = time.perf_counter()
    labeled = LabeledSet(1_000_000, CLASSES, tmp_path / "answers.db", keys=keys)
    assert time.perf_counter() - begin < 5
    assert labeled.keys is keys
    assert (tmp_path / "answers.db").stat().st_size < 50_000
