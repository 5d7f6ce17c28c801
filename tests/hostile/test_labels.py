"""Answers that cannot be: refused by name, and neither the set, its file nor a seed has moved."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import AnswerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.testing._repeat_checks import expect_randomness_alone
from tests.walking import walked

NAN = float("nan")

# Each is given in place of the second of two whole numbers.
NO_NUMBERS = {
    "a bool": True,
    "a NumPy bool": np.True_,
    "a bool tensor": torch.tensor(True),
    "a float": 1.0,
    "NaN": NAN,
    "a NumPy float": np.float32(1),
    "a float tensor": torch.tensor(1.0),
    "bytes": b"1",
    "None": None,
    "a list": [1],
    "a tensor in a row": torch.tensor([1]),
    "a date": np.datetime64("2020-01-01"),
}

NO_LISTS = {
    "a string": "12",
    "bytes": b"12",
    "a set": {1, 2},
    "a dict": {1: 2, 2: 1},
    "two dimensions": np.array([[1, 2]]),
    "a float array": np.array([1.0, 2.0]),
    "a float tensor": torch.tensor([1.0, 2.0]),
    "a bool array": np.array([True, False]),
    "a mask": np.ma.array([1, 2], mask=[False, True]),
    "complex numbers": torch.tensor([1 + 0j, 2]),
    "a sparse tensor": torch.tensor([1, 2]).to_sparse(),
    "a meta tensor": torch.tensor([1, 2], device="meta"),
    "objects": [object(), object()],
}

OUT_OF_RANGE = {
    "the size": 10,
    "negative": -1,
    "beyond int64": 2**63,
    "beyond uint64": 10**30,
    "a NumPy scalar": np.int64(10),
    "a tensor": torch.tensor(10),
}

NO_LABELS = {"K": 3, "pending": -3, "beyond int64": 2**63, "a NumPy scalar": np.uint8(200)}

TO_INDICES: dict[str, Callable[[LabeledSet, Any], None]] = {
    "add": lambda labeled, indices: labeled.add(indices, [0, 0]),
    "relabel": lambda labeled, indices: labeled.relabel(indices, [0, 0]),
    "retract": lambda labeled, indices: labeled.retract(indices),
    "begin_round": lambda labeled, indices: labeled.begin_round(SimpleNamespace(indices=indices)),
}

TO_LABELS: dict[str, Callable[[LabeledSet, Any], None]] = {
    "add": lambda labeled, labels: labeled.add([1, 2], labels),
    "relabel": lambda labeled, labels: labeled.relabel([8, 9], labels),
}

NEVER = {
    "add what has another answer": (lambda labeled: labeled.add([1, 8], [0, 2]), 8, "answered 0"),
    "add what was skipped": (lambda labeled: labeled.add([1, 7], [0, 0]), 7, "answered -2"),
    "relabel what nobody asked": (lambda labeled: labeled.relabel([8, 1], [1, 0]), 1, "no answer"),
    "retract what nobody asked": (lambda labeled: labeled.retract([8, 1]), 1, "no answer"),
    "ask for what has an answer": (
        lambda labeled: labeled.begin_round(SimpleNamespace(indices=[1, 8])),
        *(8, "answered 0 already"),
    ),
}

BAD_SCORES = {
    "strings": ["high", "low"],
    "numbers as strings": ["1", "2"],
    "objects": [object(), object()],
    "complex": [1j, 2j],
    "NaN": [0.5, NAN],
    "infinite": [0.5, float("inf")],
    "of uneven length": [[1.0], [1.0, 2.0]],
    "one number": 3,
    "too few": [0.5],
    "sparse": torch.tensor([0.5, 1.0]).to_sparse(),
    "meta": torch.ones(2, device="meta"),
}


in_memory_and_on_disk = pytest.mark.parametrize("file", [None, "a.db"], ids=["memory", "disk"])


def answered(folder: Path, file: str | None) -> LabeledSet:
    """Three classes, ten items; 8, 9, 7 and 6 are answered."""
    labeled = LabeledSet(10, 3, file and folder / file)
    labeled.add([8, 9, 7, 6], [0, 1, SKIPPED, UNKNOWN], annotator="ann")
    return labeled


def everything(labeled: LabeledSet) -> Any:
    """All it tells, and every byte beside it."""
    rounds = [(r.indices.tolist(), r.labels.tolist()) for r in labeled.history]
    folder = None if labeled.path is None else labeled.path.parent
    files = {} if folder is None else {each.name: each.read_bytes() for each in folder.iterdir()}
    return repr(labeled), labeled.counts, labeled.annotators, rounds, files


def refused(labeled: LabeledSet, call: Callable[[], None], *words: str) -> None:
    """An AnswerError with all the words, after which everything is as it was, also reopened."""
    before = everything(labeled)
    with expect_randomness_alone("a refused call"), pytest.raises(AnswerError) as error:
        call()
    assert [word for word in words if word not in str(error.value)] == []
    assert everything(labeled) == before
    if labeled.path is not None:
        assert everything(LabeledSet(10, 3, labeled.path)) == before


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("call", TO_INDICES.values(), ids=TO_INDICES)
def test_an_index_is_a_whole_number(
    tmp_path: Path, file: str | None, call: Any, wrong: Any
) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, [5, wrong]), "indices[1]", "an integer was expected")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", NO_LISTS.values(), ids=NO_LISTS)
@pytest.mark.parametrize("call", TO_INDICES.values(), ids=TO_INDICES)
def test_indices_are_a_list_of_whole_numbers(
    tmp_path: Path, file: str | None, call: Any, wrong: Any
) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, wrong), "indices", "Nothing was recorded")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
@pytest.mark.parametrize("call", TO_INDICES.values(), ids=TO_INDICES)
def test_an_index_is_of_the_data_set(
    tmp_path: Path, file: str | None, call: Any, wrong: Any
) -> None:
    labeled = answered(tmp_path, file)
    words = ("Position 1", f"index {int(wrong)}", "run from 0 to 9")
    refused(labeled, lambda: call(labeled, [5, wrong]), *words)


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("call", TO_INDICES.values(), ids=TO_INDICES)
def test_an_index_is_there_once(tmp_path: Path, file: str | None, call: Any) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, [5, 5]), "Position 1", "index 5", "at position 0")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("call", TO_LABELS.values(), ids=TO_LABELS)
def test_a_label_is_a_whole_number(tmp_path: Path, file: str | None, call: Any, wrong: Any) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, [0, wrong]), "labels[1]", "an integer was expected")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", NO_LISTS.values(), ids=NO_LISTS)
@pytest.mark.parametrize("call", TO_LABELS.values(), ids=TO_LABELS)
def test_labels_are_a_list_of_whole_numbers(
    tmp_path: Path, file: str | None, call: Any, wrong: Any
) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, wrong), "labels", "Nothing was recorded")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("wrong", NO_LABELS.values(), ids=NO_LABELS)
@pytest.mark.parametrize("call", TO_LABELS.values(), ids=TO_LABELS)
def test_a_label_is_a_class_or_an_answer(
    tmp_path: Path, file: str | None, call: Any, wrong: Any
) -> None:
    labeled = answered(tmp_path, file)
    words = ("Position 1", f"label {int(wrong)} is not one of 0..2, UNKNOWN (-1) or SKIPPED (-2)")
    refused(labeled, lambda: call(labeled, [0, wrong]), *words)


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("call", TO_LABELS.values(), ids=TO_LABELS)
def test_there_is_a_label_for_each_index(
    tmp_path: Path, file: str | None, call: Any, count: int
) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled, [0] * count), f"2 indices and {count} labels")


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("call, index, words", NEVER.values(), ids=NEVER)
def test_an_answer_is_not_overwritten(
    tmp_path: Path, file: str | None, call: Any, index: int, words: str
) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: call(labeled), "Position 1", f"index {index}", words)


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("scores", BAD_SCORES.values(), ids=BAD_SCORES)
@pytest.mark.parametrize("name", ["scores", "purity", "informativeness"])
def test_scores_of_a_round_are_finite_numbers(
    tmp_path: Path, file: str | None, name: str, scores: Any
) -> None:
    labeled = answered(tmp_path, file)
    query = SimpleNamespace(indices=[1, 2], **{name: scores})
    refused(labeled, lambda: labeled.begin_round(query), f"query.{name}")


@walked
@in_memory_and_on_disk
def test_purity_beyond_single_precision_is_the_largest(tmp_path: Path, file: str | None) -> None:
    labeled = answered(tmp_path, file)
    labeled.begin_round(SimpleNamespace(indices=[1], purity=[1e300]))
    assert labeled.history[-1].purity.tolist() == [np.finfo(np.float32).max]


@walked
@in_memory_and_on_disk
@pytest.mark.parametrize("query", [None, 3, "x", [1], SimpleNamespace()], ids=repr)
def test_a_query_has_indices(tmp_path: Path, file: str | None, query: Any) -> None:
    labeled = answered(tmp_path, file)
    refused(labeled, lambda: labeled.begin_round(query), "query", "indices")


@walked
@in_memory_and_on_disk
def test_numbers_of_every_kind_are_one_answer(tmp_path: Path, file: str | None) -> None:
    labeled = answered(tmp_path, file)
    labeled.add([np.int8(1), torch.tensor(2), 3], [np.uint8(2), torch.tensor(UNKNOWN), 0])
    labeled.add(torch.tensor([1, 2, 3], dtype=torch.uint8), np.array([2, -1, 0], np.int16))
    assert labeled.known_indices.tolist() == [8, 9, 1, 3]
    assert labeled.unknown_indices.tolist() == [6, 2]
