"""Metrics that follow a loop, beside the functions that they follow with."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from openal import SKIPPED, UNKNOWN
from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.simulate import AUBC, LabeledData, QueryPrecision, QueryRecall, Wasted, openset_split
from openal.simulate import simulate as simulated
from openal.simulate.metrics import aubc
from openal.simulate.trackers import Tracker
from openal.strategies import Random
from tests.walking import walked

ROUNDS = [[2, UNKNOWN, 0, 0], [1, UNKNOWN], [SKIPPED]]
MADE = [QueryPrecision, lambda: QueryRecall(10), Wasted, lambda: Wasted(share=True)]


def followed(metric: Any, rounds: Any = ROUNDS) -> Any:
    for each in rounds:
        metric.update(each)
    return metric


@pytest.mark.parametrize(
    "metric, values, all_of_them",
    [
        (QueryPrecision(), (3 / 4, 1 / 2, 0), 4 / 7),
        (QueryRecall(10), (3 / 10, 4 / 10, 4 / 10), 4 / 10),
        (QueryRecall(10, initial=5), (8 / 15, 9 / 15, 9 / 15), 9 / 15),
        (Wasted(), (1, 2, 3), 3),
        (Wasted(share=True), (1 / 4, 2 / 6, 3 / 7), 3 / 7),
    ],
)
def test_each_round_and_all(metric: Any, values: tuple[float, ...], all_of_them: float) -> None:
    assert followed(metric).values == values
    assert metric.compute() == all_of_them


def test_the_area_of_what_was_measured() -> None:
    heights = [0.5, 0.6, 0.8]
    for convention in ("trapezoid", "openal"):
        area = followed(AUBC(convention), heights)
        assert area.values == tuple(heights) and area.compute() == aubc(heights, convention)


def test_an_area_takes_scalars_of_all_kinds() -> None:
    area = followed(AUBC(), [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), 1])
    assert area.values == (0.5, 0.5, 0.5, 0.5, 1)


def test_they_are_the_columns_of_a_run() -> None:
    data = LabeledData(np.arange(60) % 6, embeddings=np.eye(6)[np.arange(60) % 6])
    split = openset_split(data.labels, first=12, seed=0, known=(0, 1), test_share=0.2)
    run = simulated(Random(), data, split, task=EmbeddingClassifier(), rounds=3, budget=4)
    truth = dict(zip(split.pool.tolist(), split.truth.tolist(), strict=True))
    rounds = [[truth[index] for index in asked] for asked in run.asked]
    initial = int((split.truth[split.first] >= 0).sum())
    total = int((split.truth >= 0).sum()) - initial
    assert followed(QueryPrecision(), rounds).values == run.precision
    assert followed(QueryRecall(total), rounds).values == run.recall
    assert followed(QueryRecall(total, initial=initial), rounds).values == run.recall_with_init
    assert followed(Wasted(), rounds).values == run.wasted


@pytest.mark.parametrize("make", MADE)
def test_a_call_is_an_update_that_answers(make: Callable[[], Any]) -> None:
    called = make()
    assert tuple(called(each) for each in ROUNDS) == followed(make()).values == called.values


@walked
@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("kind", [np.array, torch.tensor, tuple])
def test_labels_come_as_they_come(make: Callable[[], Any], kind: Any) -> None:
    assert followed(make(), map(kind, ROUNDS)).values == followed(make()).values


@walked
@pytest.mark.parametrize("make", [*MADE, AUBC])
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_goes_its_own_way(make: Callable[[], Any], again: Any) -> None:
    metric = followed(make(), [1] if make is AUBC else [[1]])
    other = again(metric)
    other.update(0 if make is AUBC else [0, UNKNOWN])
    assert (len(metric.values), len(other.values)) == (1, 2)
    assert other.values[0] == metric.compute()


@pytest.mark.parametrize("make", MADE)
def test_reset_forgets(make: Callable[[], Any]) -> None:
    metric = followed(make())
    metric.reset()
    assert metric.values == () and followed(metric).values == followed(make()).values


def test_the_array_that_came_may_change() -> None:
    labels = np.array([1, 1])
    precision = followed(QueryPrecision(), [labels])
    labels[:] = UNKNOWN
    assert precision.compute() == 1


def test_before_the_first_round() -> None:
    assert Wasted().compute() == Wasted(share=True).compute() == QueryRecall(3).compute() == 0
    assert QueryRecall(3, initial=1).compute() == 0.25
    with pytest.raises(ArgumentError, match="labels is empty"):
        QueryPrecision().compute()
    with pytest.raises(ArgumentError, match="values is empty"):
        AUBC().compute()


def test_a_refused_round_leaves_no_trace() -> None:
    recall = followed(QueryRecall(2), [[0]])
    with pytest.raises(ArgumentError, match="labels hold 3 known items, but num_known is 2"):
        recall.update([1, 1])
    assert recall.values == (0.5,) and recall.compute() == 0.5


@walked
@pytest.mark.parametrize(
    "wrong, named",
    [
        (lambda: QueryPrecision().update([0.5]), "labels"),
        (lambda: QueryPrecision().update(1), "labels"),
        (lambda: Wasted().update([0, -3]), r"labels\[1\] is -3"),
        (lambda: QueryRecall(-1), "num_known"),
        (lambda: QueryRecall(3, initial=-1), "initial"),
        (lambda: AUBC("area"), "convention"),
        (lambda: AUBC().update([0.5, 0.6]), "value"),
        (lambda: AUBC().update(float("nan")), "value"),
    ],
)
def test_errors_name_the_argument(wrong: Any, named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        wrong()


def test_any_function_of_labels_can_be_followed() -> None:
    assert followed(Tracker(len), ROUNDS).values == (4, 2, 1)
    assert followed(Tracker(len, so_far=True), ROUNDS).values == (4, 6, 7)
