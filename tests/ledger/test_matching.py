"""Answers of a pool that was built anew, in which items have other indices: matched by key."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from openal.errors import ArgumentError, LedgerError
from openal.labeled import SKIPPED, LabeledSet
from openal.ledger import read_whole
from openal.ledger._export import as_json
from tests.ledger.test_growing import CLASSES, KEYS, told


@pytest.fixture(params=["memory", "disk"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., LabeledSet]:
    path = tmp_path / "answers.db" if request.param == "disk" else None
    return lambda size=5, **options: LabeledSet(size, CLASSES, path, **options)


def answered(labeled: LabeledSet) -> LabeledSet:
    labeled.add(["h.jpg", "a.jpg"], ["dog", "UNKNOWN"], annotator="ann")
    labeled.begin_round(SimpleNamespace(indices=[2, 4, 6], scores=np.array([3.0, 2.0, 1.0])))
    labeled.add_class("owl")
    labeled.add(["e.jpg", "c.jpg"], ["owl", "SKIPPED"], annotator="bob")
    labeled.relabel("h.jpg", "cat")
    return labeled


def by_key(labeled: LabeledSet) -> dict[str, int]:
    assert labeled.keys is not None
    indices, labels = labeled._arrays()
    return dict(zip(labeled.keys.at(indices), labels.tolist(), strict=True))


@pytest.mark.parametrize("to_disk", [False, True])
def test_a_rebuilt_pool_has_its_answers_by_key(
    make: Callable[..., LabeledSet], tmp_path: Path, to_disk: bool
) -> None:
    labeled = answered(make(8, keys=KEYS))
    order = ["new.jpg", *KEYS[::-1]]
    path = tmp_path / "matched.db" if to_disk else None
    matched = labeled.matched(order, path)
    assert by_key(matched) == by_key(labeled)
    assert [matched.keys.at(r.indices) for r in matched.history if matched.keys] == [
        labeled.keys.at(r.indices) for r in labeled.history if labeled.keys
    ]
    assert matched.pending_indices.tolist() == [order.index("g.jpg")]
    assert told(matched.matched(KEYS)) == told(labeled)


def test_the_new_file_is_whole_and_keeps_the_times(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    labeled = answered(LabeledSet(8, CLASSES, old, keys=KEYS))
    labeled.matched(KEYS[::-1], new).add(["b.jpg"], ["owl"])
    rows = [json.loads(as_json(read_whole(each)))["answers"] for each in (old, new)]
    parts = [{r["key"]: (r["class"], r["time"], r["annotator"]) for r in each} for each in rows]
    assert parts[0].items() <= parts[1].items()
    with pytest.raises(LedgerError, match="other keys"):
        LabeledSet(8, [*CLASSES, "owl"], new, keys=KEYS)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    labeled = answered(LabeledSet(8, CLASSES, tmp_path / "a.db", keys=KEYS))
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(LedgerError, match="is there already"):
        labeled.matched(KEYS[::-1], tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before


def test_answers_about_items_that_are_gone_are_left_out_and_told() -> None:
    labeled = answered(LabeledSet(8, CLASSES, keys=KEYS))
    with pytest.warns(UserWarning, match=r"2 answers left out, .* the first is about 'a\.jpg'"):
        matched = labeled.matched([*KEYS[1:4], *KEYS[5:]])
    assert by_key(matched) == {"h.jpg": 0, "c.jpg": SKIPPED}


def test_keys_that_a_file_knows_are_enough(tmp_path: Path) -> None:
    answered(LabeledSet(8, CLASSES, tmp_path / "a.db", keys=KEYS))
    without = LabeledSet(8, [*CLASSES, "owl"], tmp_path / "a.db")
    assert by_key(without.matched(KEYS[::-1])) == by_key(
        answered(LabeledSet(8, CLASSES, keys=KEYS))
    )


def test_without_keys_nothing_can_be_matched() -> None:
    labeled = LabeledSet(8, CLASSES)
    labeled.add([3], [0])
    with pytest.raises(LedgerError, match=r"Item 3 .* no key"):
        labeled.matched(KEYS)


def test_a_string_is_no_list_of_keys() -> None:
    with pytest.raises(ArgumentError, match="list of strings"):
        LabeledSet(8, CLASSES, keys=KEYS).matched("abcdefgh")


def test_a_column_of_parquet_is_keys() -> None:
    pa = pytest.importorskip("pyarrow")
    labeled = LabeledSet(8, CLASSES, keys=pa.chunked_array([KEYS[:3], KEYS[3:]]))
    labeled.add("h.jpg", "dog")
    assert labeled.known_indices.tolist() == [7]
