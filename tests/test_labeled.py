"""The contract of `LabeledSet`, in memory and on disk alike."""

import contextlib
import copy
import pickle
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, IterableDataset

from openal._items import AnsweredSubset, item_input
from openal.errors import AnswerError, ArgumentError, LedgerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger._answers import Answers
from openal.pool import Pool
from openal.strategies import Random
from openal.view import PENDING
from tests.walking import walked


@pytest.fixture(params=["memory", "disk"])
def labeled(request: pytest.FixtureRequest, tmp_path: Path) -> LabeledSet:
    path = tmp_path / "answers.db" if request.param == "disk" else None
    return LabeledSet(10, ["cat", "dog"], path)


def query(*indices: int, **floats: Any) -> Any:
    return SimpleNamespace(indices=np.array(indices, np.int64), **floats)


def state(labeled: LabeledSet) -> Any:
    names = ["known_indices", "known_labels", "unknown_indices", "skipped_indices"]
    names += ["unlabeled_indices", "pending_indices"]
    rounds = [(r.indices.tolist(), r.labels.tolist()) for r in labeled.history]
    return [getattr(labeled, name).tolist() for name in names], rounds, labeled.annotators


# --- what it tells


def test_answers_come_in_answer_order(labeled: LabeledSet) -> None:
    labeled.add([7, 2, 5], [1, UNKNOWN, 0])
    labeled.add([0, 9], [1, SKIPPED])
    assert labeled.known_indices.tolist() == [7, 5, 0]
    assert labeled.known_labels.tolist() == [1, 0, 1]
    assert labeled.unknown_indices.tolist() == [2]
    assert labeled.skipped_indices.tolist() == [9]
    assert labeled.unlabeled_indices.tolist() == [1, 3, 4, 6, 8]


def test_every_array_is_int64_even_when_empty(labeled: LabeledSet) -> None:
    for name in ("known", "unknown", "skipped", "unlabeled", "pending"):
        assert getattr(labeled, f"{name}_indices").dtype == np.int64
    assert labeled.known_labels.dtype == np.int64


def test_arrays_are_the_callers_own(labeled: LabeledSet) -> None:
    labeled.add([1], [0])
    labeled.known_indices[0] = 5
    labeled.history[0].indices[0] = 5
    assert labeled.known_indices.tolist() == labeled.history[0].indices.tolist() == [1]


def test_length_counts_answers_of_every_kind(labeled: LabeledSet) -> None:
    labeled.add([1, 2, 3], [0, UNKNOWN, SKIPPED])
    assert len(labeled) == 3


def test_counts_by_name(labeled: LabeledSet) -> None:
    labeled.add([1, 2, 3, 4], [1, UNKNOWN, SKIPPED, 1])
    assert labeled.counts == {"cat": 0, "dog": 2, "UNKNOWN": 1, "SKIPPED": 1}


def test_repr_tells_the_state(labeled: LabeledSet) -> None:
    labeled.add([1, 2], [1, UNKNOWN])
    assert repr(labeled).endswith("1 known, 1 unknown, 0 skipped)")


@pytest.mark.parametrize("count, told", [(6, "('0', '1', '2', '3', '4', '5')"), (7, "7")])
def test_repr_names_six_classes_and_counts_more(count: int, told: str) -> None:
    assert f"(size=9, classes={told}, 0 known" in repr(LabeledSet(9, count))


def test_repr_tells_the_path_and_what_is_pending(tmp_path: Path) -> None:
    labeled = LabeledSet(9, 2, tmp_path / "answers.db")
    assert "pending" not in repr(labeled)
    labeled.begin_round(query(6, 1, 8))
    labeled.add([1], [SKIPPED])
    assert f"path={str(tmp_path / 'answers.db')!r}, 0 known" in repr(labeled)
    assert repr(labeled).endswith("0 unknown, 1 skipped, 2 pending)")


def test_classes_by_number_are_named_by_their_ids() -> None:
    assert LabeledSet(3, 2).classes == ("0", "1")


@walked
@pytest.mark.parametrize(
    "classes",
    [
        *(0, -1, True, 2.0, None, "cat", [], {"cat"}, {"cat": 0}),
        *(["cat", "cat"], ["cat", ""], ["cat", " "], [1, 2], ["cat", None]),
        *(["UNKNOWN"], ["SKIPPED"]),
    ],
)
def test_classes_that_cannot_be(classes: Any) -> None:
    with pytest.raises(ArgumentError, match="classes"):
        LabeledSet(10, classes)


@pytest.mark.parametrize("size", [-1, True, 3.0, "3", None])
def test_a_size_that_cannot_be(size: Any) -> None:
    with pytest.raises(ArgumentError, match="size"):
        LabeledSet(size, 2)


def test_a_dataset_may_be_empty() -> None:
    assert LabeledSet(0, 2).unlabeled_indices.tolist() == []


# --- add, relabel, retract


@pytest.mark.parametrize(
    "indices, labels",
    [
        (np.array([3, 4]), np.array([1, 0], np.uint8)),
        (torch.tensor([3, 4]), torch.tensor([1, 0])),
        (range(3, 5), [np.int32(1), torch.tensor(0)]),
        ({3: 1, 4: 0}.keys(), {3: 1, 4: 0}.values()),
    ],
)
def test_pairs_of_any_integer_type(labeled: LabeledSet, indices: Any, labels: Any) -> None:
    labeled.add(indices, labels)
    assert (labeled.known_indices.tolist(), labeled.known_labels.tolist()) == ([3, 4], [1, 0])


def test_one_pair_as_two_integers(labeled: LabeledSet) -> None:
    labeled.add(np.int64(3), UNKNOWN)
    assert labeled.unknown_indices.tolist() == [3]


BAD_PAIRS = {
    "index too large": ([1, 10], [0, 0], r"Position 1, index 10: indices run from 0 to 9"),
    "index negative": ([-1], [0], r"Position 0, index -1: indices run"),
    "index wraps": (np.array([2**64 - 1], np.uint64), [0], r"index 18446744073709551615"),
    "index repeated": ([1, 2, 1], [0, 0, 0], r"Position 2, index 1: it is at position 0 already"),
    "index is bool": ([True, 2], [0, 0], r"indices\[0\] is True; an integer"),
    "indices unordered": ({1, 2}, [0, 0], r"indices must be a list"),
    "label is K": ([1, 2], [0, 2], r"Position 1, index 2: label 2 is not one of 0..1, UNKNOWN"),
    "label is pending": ([1], [PENDING], r"label -3 is not one of"),
    "label wraps": ([1], np.array([2**64 - 1], np.uint64), r"label 18446744073709551615 is not"),
    "label is bool": ([1, 2], [0, True], r"labels\[1\] \(index 2\) is True; an integer"),
    "label is a bool array": ([1], np.array([True]), r"labels\[0\] \(index 1\) is True"),
    "label is a bool scalar": ([1], [np.True_], r"an integer was expected"),
    "label is float": ([1], [1.0], r"labels\[0\] \(index 1\) is 1.0"),
    "label is a float tensor": ([1], torch.tensor([1.0]), r"is 1.0; an integer"),
    "label is NaN": ([1], [float("nan")], r"is nan; an integer"),
    "label is no name": ([1], ["owl"], r"labels\[0\] is 'owl'; the classes are 'cat', 'dog'"),
    "labels are a string": ([1], "1", r"labels must be a list of integers, got '1'"),
    "labels are a dict": ([1], {1: 0}, r"labels must be a list"),
    "label is None": ([1], [None], r"is None; an integer"),
    "label is a list": ([1], [[0]], r"is \[0\]; an integer"),
    "too few labels": ([1, 2], [0], r"2 indices and 1 labels"),
    "too many labels": ([1], [0, 0], r"1 indices and 2 labels"),
    "conflict": ([1, 8], [0, 1], r"Position 1, index 8: it was answered 0, now 1; .* relabel"),
}


@pytest.mark.parametrize("indices, labels, message", BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_a_refused_add_changes_nothing(
    labeled: LabeledSet, indices: Any, labels: Any, message: str
) -> None:
    labeled.add([8], [0])
    before = state(labeled)
    with pytest.raises(AnswerError, match=message):
        labeled.add(indices, labels)
    assert state(labeled) == before


def test_the_same_answer_again_changes_nothing(labeled: LabeledSet) -> None:
    labeled.add([3, 4], [1, UNKNOWN], annotator="ann")
    before = state(labeled)
    labeled.add([4, 3], [UNKNOWN, 1], annotator="bob")
    assert state(labeled) == before


def test_only_what_is_new_is_added(labeled: LabeledSet) -> None:
    labeled.add([3], [1])
    labeled.add([4, 3], [0, 1])
    assert [r.indices.tolist() for r in labeled.history] == [[3, 4]]
    assert len(labeled) == 2


def test_relabel_keeps_the_place(labeled: LabeledSet) -> None:
    labeled.add([3, 4, 5], [1, UNKNOWN, 0])
    labeled.relabel([4, 3], [1, 0])
    assert labeled.known_indices.tolist() == [3, 4, 5]
    assert labeled.known_labels.tolist() == [0, 1, 0]


def test_relabel_needs_an_answer(labeled: LabeledSet) -> None:
    labeled.add([3], [1])
    with pytest.raises(AnswerError, match="Position 1, index 4: it has no answer"):
        labeled.relabel([3, 4], [0, 0])
    assert labeled.known_labels.tolist() == [1]


def test_relabel_refuses_the_labels_that_add_refuses(labeled: LabeledSet) -> None:
    labeled.add([3], [1])
    with pytest.raises(AnswerError, match="label 2 is not one of"):
        labeled.relabel([3], [2])


def test_retracted_items_are_unlabeled_and_come_back_last(labeled: LabeledSet) -> None:
    labeled.add([3, 4], [1, 0])
    labeled.retract(3)
    assert 3 in labeled.unlabeled_indices and len(labeled) == 1
    labeled.add([3], [0])
    assert labeled.known_indices.tolist() == [4, 3]


def test_retract_needs_an_answer(labeled: LabeledSet) -> None:
    labeled.add([3], [1])
    with pytest.raises(AnswerError, match="index 4: it has no answer"):
        labeled.retract([3, 4])
    assert len(labeled) == 1


def test_annotators_are_remembered(labeled: LabeledSet) -> None:
    labeled.add([3, 4], [1, 0], annotator="ann")
    labeled.add([5], [0])
    labeled.relabel([4], [1], annotator="bob")
    assert labeled.annotators == {3: "ann", 4: "bob"}


@pytest.mark.parametrize("name", ["", 7, "a\0b", "\ud800", b"ann"])
def test_an_annotator_that_cannot_be(labeled: LabeledSet, name: Any) -> None:
    with pytest.raises(ArgumentError, match="annotator"):
        labeled.add([3], [1], annotator=name)


def test_of_two_threads_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    labeled, refused = LabeledSet(10, 2), []
    barrier, check = threading.Barrier(2), Answers.check

    def check_and_wait(
        answers: Answers, event: Any
    ) -> None:  # lets both threads pass, if nothing keeps them apart
        check(answers, event)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.2)

    def write(label: int) -> None:
        try:
            labeled.add([3], [label])
        except AnswerError:
            refused.append(label)

    monkeypatch.setattr(Answers, "check", check_and_wait)
    threads = [threading.Thread(target=write, args=(label,)) for label in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [*labeled.known_labels.tolist(), *refused] in ([0, 1], [1, 0])


# --- labels as tables have them


MISSING = pd.Series(["cat", None, "dog"], dtype="category")


@pytest.mark.parametrize(
    "codes",
    [MISSING.cat.codes, MISSING.array.codes, pd.Index(MISSING.cat.codes)],
    ids=["series", "array", "index"],
)
def test_a_missing_value_of_a_categorical_is_not_unknown(labeled: LabeledSet, codes: Any) -> None:
    with pytest.raises(AnswerError, match=r"labels\[1\] is -1 in int8.*missing value"):
        labeled.add([1, 2, 3], codes)
    assert len(labeled) == 0


def test_neither_when_a_label_is_replaced(labeled: LabeledSet) -> None:
    labeled.add([1, 2, 3], [0, 0, 0])
    with pytest.raises(AnswerError, match="missing value"):
        labeled.relabel([1, 2, 3], MISSING.cat.codes)


@pytest.mark.parametrize(
    "labels",
    [
        MISSING.cat.codes.astype("int64"),
        np.array([0, -1, 1], np.int8),
        torch.tensor([0, -1, 1], dtype=torch.int8),
        pd.Series([0, -1, 1]),
    ],
    ids=["asked for", "int8", "int8 tensor", "series"],
)
def test_other_columns_may_say_unknown(labeled: LabeledSet, labels: Any) -> None:
    labeled.add([1, 2, 3], labels)
    assert labeled.unknown_indices.tolist() == [2]


def test_a_categorical_without_a_missing_value(labeled: LabeledSet) -> None:
    labeled.add([1, 2], pd.Series(["cat", "dog"], dtype="category").cat.codes)
    assert labeled.known_labels.tolist() == [0, 1]


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("answer, name", [(UNKNOWN, "UNKNOWN"), (SKIPPED, "SKIPPED")])
def test_an_unsigned_type_is_named_where_it_hides_an_answer(
    labeled: LabeledSet, bits: int, answer: int, name: str
) -> None:
    labels = np.array([0, 2**bits + answer], f"u{bits // 8}")
    hint = rf"{name} \({answer}\) becomes that in an unsigned type of {bits} bits"
    with pytest.raises(AnswerError, match=hint):
        labeled.add([1, 2], labels)


@pytest.mark.parametrize("count", [torch.tensor(3), np.array(3), np.int64(3)])
def test_a_number_of_classes_in_a_tensor(count: Any) -> None:
    assert LabeledSet(10, count).classes == ("0", "1", "2")


@pytest.mark.parametrize("count", [torch.tensor(3.0), torch.tensor(True), np.array("cat")])
def test_what_else_a_tensor_holds_is_no_number_of_classes(count: Any) -> None:
    with pytest.raises(ArgumentError, match="classes must be"):
        LabeledSet(10, count)


@pytest.mark.parametrize("given", [np.array([0, 1, 2]), [0, 1, 2], None, torch.arange(3)])
def test_an_index_array_is_no_ledger(given: Any) -> None:
    pool = Pool(embeddings=np.eye(10))
    with pytest.raises(ArgumentError, match="labeled must be a LabeledSet, the ledger of answers"):
        Random().query(pool, given, 2)


# --- rounds


def test_an_interrupted_round_tells_what_is_left_in_query_order(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1, 8, 3))
    labeled.add([8, 6], [0, SKIPPED])
    assert labeled.pending_indices.tolist() == [1, 3]


def test_a_pending_round_must_end_before_the_next(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1, 8))
    labeled.add([1], [0])
    with pytest.raises(AnswerError, match=r"waits for 2 answers; `pending_indices`"):
        labeled.begin_round(query(2))


def test_an_answered_round_makes_room_for_the_next(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6))
    labeled.add([6], [0])
    labeled.begin_round(query(2))
    assert labeled.pending_indices.tolist() == [2]


@pytest.mark.parametrize("indices", [(4, 3), (1, 1), (10,)])
def test_a_round_of_what_cannot_be_asked(labeled: LabeledSet, indices: tuple[int, ...]) -> None:
    labeled.add([3], [1])
    with pytest.raises(AnswerError, match="Position"):
        labeled.begin_round(query(*indices))
    assert labeled.pending_indices.tolist() == []


def test_history_keeps_scores_and_fills_in_answers(labeled: LabeledSet) -> None:
    purity = torch.tensor([0.5, 0.25], requires_grad=True)
    labeled.begin_round(query(6, 1, scores=np.array([0.1, 0.2]), purity=purity))
    labeled.add([1], [UNKNOWN])
    (round_,) = labeled.history
    assert (round_.indices.tolist(), round_.labels.tolist()) == ([6, 1], [PENDING, UNKNOWN])
    assert round_.scores is not None and round_.scores.tolist() == [0.1, 0.2]
    assert round_.purity is not None and round_.purity.dtype == np.float32
    assert round_.informativeness is None


def test_scores_must_fit_the_indices(labeled: LabeledSet) -> None:
    with pytest.raises(AnswerError, match=r"query.scores has shape \(1,\); \(2,\) was expected"):
        labeled.begin_round(query(6, 1, scores=[0.1]))


def test_answers_that_no_round_asked_for_are_a_round_of_their_own(labeled: LabeledSet) -> None:
    labeled.add([3, 4], [0, 1])
    labeled.begin_round(query(6, 1))
    labeled.add([1, 5], [0, 1])
    assert [r.indices.tolist() for r in labeled.history] == [[3, 4], [6, 1], [5]]


def rounds(labeled: LabeledSet) -> list[tuple[list[int], bool]]:
    return [(r.indices.tolist(), r.begun) for r in labeled.history]


def test_answers_that_no_round_asked_for_are_one_entry_in_any_number_of_calls(
    labeled: LabeledSet,
) -> None:
    for index in (3, 4, 5):
        labeled.add([index], [0])
    labeled.begin_round(query(6, 1))
    for index in (7, 1, 8, 6, 9):
        labeled.add([index], [1])
    assert rounds(labeled) == [([3, 4, 5], False), ([6, 1], True), ([7, 8, 9], False)]


def test_one_of_them_that_is_answered_again_is_there_once(labeled: LabeledSet) -> None:
    labeled.add([3, 4], [0, 0])
    labeled.retract([3])
    labeled.add([3, 5], [1, 1])
    assert rounds(labeled) == [([3, 4, 5], False)]
    assert labeled.history[0].labels.tolist() == [1, 0, 1]


def test_an_abandoned_round_waits_for_nothing(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1, 8))
    labeled.add([1], [0])
    labeled.abandon_round()
    assert labeled.pending_indices.tolist() == []
    assert labeled.known_indices.tolist() == [1]
    assert labeled.history[0].labels.tolist() == [PENDING, 0, PENDING]
    assert {6, 8} <= {*labeled.unlabeled_indices.tolist()}


def test_after_an_abandoned_round_the_next_may_ask_for_its_items(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1, 8))
    labeled.abandon_round()
    labeled.begin_round(query(8, 2))
    labeled.add([8], [UNKNOWN])
    assert labeled.pending_indices.tolist() == [2]
    assert [r.labels.tolist() for r in labeled.history] == [[PENDING] * 3, [UNKNOWN, PENDING]]


def test_a_late_answer_to_an_abandoned_round_is_kept(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1))
    labeled.abandon_round()
    labeled.add([6], [1])
    assert labeled.known_indices.tolist() == [6]
    assert rounds(labeled) == [([6, 1], True), ([6], False)]


def test_a_retracted_item_of_an_abandoned_round_is_not_pending(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1))
    labeled.add([6], [1])
    labeled.abandon_round()
    labeled.retract([6])
    assert labeled.pending_indices.tolist() == []


def test_without_an_open_round_there_is_nothing_to_abandon(labeled: LabeledSet) -> None:
    labeled.abandon_round()
    labeled.begin_round(query(6))
    labeled.add([6], [0])
    before = state(labeled)
    labeled.abandon_round()
    assert state(labeled) == before


def test_a_pending_round_says_how_to_abandon_it(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6))
    with pytest.raises(AnswerError, match=r"abandon_round\(\)"):
        labeled.begin_round(query(1))


def test_a_retracted_item_of_the_open_round_is_pending_again(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1))
    labeled.add([6], [0])
    labeled.retract([6])
    assert labeled.pending_indices.tolist() == [6, 1]


def test_a_complete_round_stays_complete(labeled: LabeledSet) -> None:
    labeled.begin_round(query(6, 1))
    labeled.add([6, 1], [0, 0])
    labeled.retract([6])
    assert labeled.pending_indices.tolist() == []
    assert labeled.history[0].labels.tolist() == [PENDING, 0]


def test_an_item_asked_twice_has_its_answer_in_the_later_round(labeled: LabeledSet) -> None:
    labeled.add([3], [0])
    labeled.retract([3])
    labeled.begin_round(query(3))
    labeled.add([3], [1])
    assert [r.labels.tolist() for r in labeled.history] == [[PENDING], [1]]


# --- datasets


def items(subset: AnsweredSubset) -> list[Any]:
    return [subset[position] for position in range(len(subset))]


class Named(NamedTuple):
    x: str
    y: int


class Arrow:
    """Refuses numpy.int64, as Arrow does."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: Any) -> dict[str, Any]:
        assert type(index) is int
        return {"label": 99, "image": float(index)}


class Stream(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return iter(range(10))

    def __len__(self) -> int:
        return 10


def test_subsets_hold_answers_and_never_the_dataset_s_labels(labeled: LabeledSet) -> None:
    labeled.add([7, 2, 5, 3], [1, UNKNOWN, 0, SKIPPED])
    dataset = [(f"x{i}", 99) for i in range(10)]
    assert items(labeled.known_subset(dataset)) == [("x7", 1), ("x5", 0)]
    assert items(labeled.detector_subset(dataset)) == [("x7", 1), ("x2", 2), ("x5", 0)]


class Items:
    """Ten items, each made by a function of its index."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return self.make(index)


IMAGE, TABLE = torch.zeros(3), torch.ones(2)


@pytest.mark.parametrize(
    "item, sample",
    [
        ((IMAGE, TABLE, 7), (IMAGE, TABLE, 1)),
        ([IMAGE, TABLE, TABLE, 7], (IMAGE, TABLE, TABLE, 1)),
        ((IMAGE,), (IMAGE, 1)),
        (IMAGE, (IMAGE, 1)),
    ],
)
def test_a_sample_keeps_its_inputs(labeled: LabeledSet, item: Any, sample: Any) -> None:
    labeled.add([7], [1])
    found = labeled.known_subset(Items(lambda _: item))[0]
    assert len(found) == len(sample)
    assert all(one is other for one, other in zip(found, sample, strict=True))


@pytest.mark.parametrize(
    "item, sample",
    [
        ({"image": IMAGE, "label": 7, "id": 5}, {"image": IMAGE, "label": 1, "id": 5}),
        ({"image": IMAGE, "label": torch.eye(9)[7]}, {"image": IMAGE, "label": 1}),
        ({"text": "a", "mask": TABLE, "labels": 7}, {"text": "a", "mask": TABLE, "labels": 1}),
        ({"label": 7, "labels": 7, "y": 0.5}, {"label": 1, "labels": 1, "y": 0.5}),
        ({"x": IMAGE, "y": 7}, {"x": IMAGE, "y": 1}),
        ({"image": IMAGE, "tabular": TABLE}, {"image": IMAGE, "tabular": TABLE, "label": 1}),
    ],
)
def test_a_dict_keeps_its_columns_and_its_label_is_the_answer(
    labeled: LabeledSet, item: dict[str, Any], sample: dict[str, Any]
) -> None:
    labeled.add([7], [1])
    found = labeled.known_subset(Items(lambda _: item))[0]
    assert list(found) == list(sample)
    assert all(found[key] is value for key, value in sample.items())


def test_the_dict_of_a_dataset_is_not_written(labeled: LabeledSet) -> None:
    labeled.add([7], [1])
    item = {"image": IMAGE, "label": 9}
    assert labeled.known_subset(Items(lambda _: item))[0] is not item
    assert item["label"] == 9


def test_a_subset_has_the_attributes_of_an_image_folder(labeled: LabeledSet) -> None:
    labeled.add([7, 2, 5, 3], [1, UNKNOWN, 0, SKIPPED])
    subset = labeled.known_subset(range(10))
    assert (subset.classes, subset.class_to_idx) == (["cat", "dog"], {"cat": 0, "dog": 1})
    assert (subset.indices.tolist(), subset.targets.tolist()) == ([7, 5], [1, 0])
    detector = labeled.detector_subset(range(10))
    assert (detector.classes, detector.targets.tolist()) == (["cat", "dog", "UNKNOWN"], [1, 2, 0])


def test_answers_are_items_and_classes_in_answer_order(labeled: LabeledSet) -> None:
    labeled.add([7, 2, 5, 3], [1, UNKNOWN, 0, SKIPPED])
    indices, classes = labeled.answers()
    assert (indices.tolist(), classes.tolist()) == ([7, 2, 5], [1, 2, 0])
    indices, classes = labeled.answers(known_only=True)
    assert (indices.tolist(), classes.tolist()) == ([7, 5], [1, 0])
    assert indices.dtype == classes.dtype == np.int64


def test_no_answers_are_empty_arrays(labeled: LabeledSet) -> None:
    for known_only in (True, False):
        assert [(a.dtype, a.shape) for a in labeled.answers(known_only=known_only)] == [
            (np.int64, (0,)),
            (np.int64, (0,)),
        ]


def test_a_loader_collates_a_subset_of_an_arrow_dataset(labeled: LabeledSet) -> None:
    labeled.add([7, 2], [1, 0])
    batch = next(iter(DataLoader(labeled.known_subset(Arrow()), batch_size=2)))
    assert {name: column.tolist() for name, column in batch.items()} == {
        "label": [1, 0],
        "image": [7.0, 2.0],
    }


def test_a_subset_is_as_it_was_when_made_and_can_be_pickled(labeled: LabeledSet) -> None:
    labeled.add([7], [1])
    subset = labeled.known_subset(list("abcdefghij"))
    labeled.add([8], [1])
    assert items(pickle.loads(pickle.dumps(subset))) == [("h", 1)]


@pytest.mark.parametrize("dataset", [range(9), range(11), iter(range(10)), Stream(), None])
def test_a_dataset_that_does_not_fit(labeled: LabeledSet, dataset: Any) -> None:
    with pytest.raises(ArgumentError, match="dataset"):
        labeled.known_subset(dataset)


@pytest.mark.parametrize(
    "item, x",
    [
        *((7, 7), ("text", "text"), ((7, 1), 7), ([7], 7), (Named("a", 1), "a")),
        *(({"x": 7, "label": 1}, 7), ({"input": 1, "pixel_values": 7}, 7)),
    ],
)
def test_item_input(item: Any, x: Any) -> None:
    assert item_input(item) == x


@pytest.mark.parametrize("item, message", [({"img": 1, "y": 2}, r"\['img', 'y'\]"), ((), "empty")])
def test_an_item_without_input(item: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        item_input(item)


# --- copies and closing


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_is_equal(labeled: LabeledSet, duplicate: Any) -> None:
    labeled.begin_round(query(6, 1, scores=[0.5, 0.25]))
    labeled.add([6, 3], [1, UNKNOWN], annotator="ann")
    assert state(duplicate(labeled)) == state(labeled)


def test_a_copy_in_memory_is_independent() -> None:
    labeled = LabeledSet(10, 2)
    copy.deepcopy(labeled).add([1], [0])
    assert len(labeled) == 0


def test_after_closing_one_can_only_read(labeled: LabeledSet) -> None:
    with labeled:
        labeled.add([6], [1])
    with pytest.raises(LedgerError, match="closed"):
        labeled.add([7], [1])
    assert labeled.known_indices.tolist() == [6]


# --- against a model of ten lines


SIZE, K = 6, 2
PAIRS = st.lists(st.tuples(st.integers(-1, SIZE), st.integers(-3, K)), max_size=4)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "relabel", "retract", "round"]), PAIRS))


def expected(answers: dict[int, int], pending: set[int], kind: str, pairs: Any) -> Any:
    """The answers and the pending items after one step; None if it must be refused."""
    indices = [i for i, _ in pairs]
    bad = len(set(indices)) < len(indices) or any(not 0 <= i < SIZE for i in indices)
    bad |= kind in ("add", "relabel") and any(not SKIPPED <= y < K for _, y in pairs)
    bad |= kind == "add" and any(answers.get(i, y) != y for i, y in pairs)
    bad |= kind in ("relabel", "retract") and any(i not in answers for i in indices)
    bad |= kind == "round" and (bool(pending) or any(i in answers for i in indices))
    if bad or kind == "round":
        return None if bad else (answers, set(indices))
    if kind == "retract":
        return {i: y for i, y in answers.items() if i not in indices}, None
    return answers | dict(pairs), pending - set(indices)


def follow(labeled: LabeledSet, steps: Any) -> dict[int, int]:
    answers: dict[int, int] = {}
    pending: set[int] = set()
    for kind, pairs in steps:
        after = expected(answers, pending, kind, pairs)
        indices, labels = [i for i, _ in pairs], [y for _, y in pairs]
        arguments = (indices, labels) if kind in ("add", "relabel") else (indices,)
        call = labeled.begin_round if kind == "round" else getattr(labeled, kind)
        arguments = (query(*indices),) if kind == "round" else arguments
        if after is None:
            with pytest.raises(AnswerError):
                call(*arguments)
            continue
        call(*arguments)
        answers, left = after
        pending = set(labeled.pending_indices.tolist()) if left is None else left
        agree(labeled, answers, pending)
    return answers


def agree(labeled: LabeledSet, answers: dict[int, int], pending: set[int]) -> None:
    known = [i for i, y in answers.items() if y >= 0]
    assert labeled.known_indices.tolist() == known
    assert labeled.known_labels.tolist() == [answers[i] for i in known]
    assert labeled.unknown_indices.tolist() == [i for i, y in answers.items() if y == UNKNOWN]
    assert labeled.skipped_indices.tolist() == [i for i, y in answers.items() if y == SKIPPED]
    assert labeled.unlabeled_indices.tolist() == [i for i in range(SIZE) if i not in answers]
    assert set(labeled.pending_indices.tolist()) == pending
    rounds = [(r.indices.tolist(), r.labels.tolist()) for r in labeled.history]
    asked = [pair for indices, labels in rounds for pair in zip(indices, labels, strict=True)]
    assert Counter(pair for pair in asked if pair[1] != PENDING) == Counter(answers.items())


@pytest.mark.long
@settings(deadline=None, max_examples=150)
@given(STEPS)
def test_any_sequence_of_calls_agrees_with_a_dict(steps: Any) -> None:
    follow(LabeledSet(SIZE, K), steps)


@settings(deadline=None, max_examples=15)
@given(STEPS)
def test_any_sequence_of_calls_is_the_same_after_reopening(steps: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        labeled = LabeledSet(SIZE, K, Path(folder) / "answers.db")
        follow(labeled, steps)
        assert state(LabeledSet(SIZE, K, Path(folder) / "answers.db")) == state(labeled)
