"""The round loop: nothing leaks, everything is counted, the same seed plays the same game."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool, Query
from openal.errors import ArgumentError
from openal.learners import Classifier, EmbeddingClassifier
from openal.simulate import LabeledData, OpenSetSplit, Oracle, Run, simulate
from openal.strategies import NEAT, LfOSA, Random, Uncertainty


def play(strategy: Any, data: LabeledData, split: OpenSetSplit, **options: Any) -> Run:
    return simulate(
        strategy, data, split, **{"rounds": 3, "budget": 8, "progress": False, **options}
    )


def without_seconds(run: Run) -> Run:
    return replace(run, seconds=())


@pytest.mark.long
@pytest.mark.parametrize("strategy", [Random(), Uncertainty(), NEAT(), LfOSA()], ids=repr)
def test_the_same_seed_gives_the_same_run(
    strategy: Any, blobs: LabeledData, split: OpenSetSplit
) -> None:
    first, again = (play(strategy, blobs, split, seed=1) for _ in range(2))
    assert without_seconds(first) == without_seconds(again)


def test_another_seed_gives_another_run(blobs: LabeledData, split: OpenSetSplit) -> None:
    assert play(Random(), blobs, split, seed=1).asked != play(Random(), blobs, split, seed=2).asked


def test_a_run_is_judged_by_the_truth(blobs: LabeledData, split: OpenSetSplit) -> None:
    run = play(Random(), blobs, split)
    known = np.isin(blobs.labels, split.known)
    found = np.cumsum([known[list(asked)].sum() for asked in run.asked])
    total = (split.truth >= 0).sum() - 12
    assert run.precision == tuple(known[list(asked)].mean() for asked in run.asked)
    assert run.recall == pytest.approx(found / total)
    assert run.recall_with_init == pytest.approx((found + 12) / (total + 12))
    assert run.wasted == tuple(8 * np.arange(1, 4) - found)
    assert (len(run.accuracy), len(run.seconds)) == (4, 3)


def test_each_classifier_is_judged_class_by_class(blobs: LabeledData, split: OpenSetSplit) -> None:
    run = play(Random(), blobs, split)
    _, counts = np.unique(split.relabel(blobs.labels[split.test]), return_counts=True)
    assert [len(run.class_precision), len(run.class_recall), len(run.class_f1)] == [4] * 3
    for accuracy, recall in zip(run.accuracy, run.class_recall, strict=True):
        assert np.average(recall, weights=counts) == pytest.approx(accuracy)


def test_macro_averages_weigh_all_classes_alike() -> None:
    table = ((0.0, 1.0), (0.5, 0.75))
    run = Run((), (), (), (), (), (), (), table, table[::-1], table[:1])
    assert run.macro_precision == (0.5, 0.625)
    assert run.macro_recall == (0.625, 0.5)
    assert run.macro_f1 == (0.5,)


@pytest.mark.parametrize("strategy", [Random(), NEAT(), LfOSA()], ids=repr)
def test_a_cold_start_asks_for_the_first_answers(
    strategy: Any, blobs: LabeledData, split: OpenSetSplit
) -> None:
    cold = replace(split, first=np.array([], np.int64))
    run = play(strategy, blobs, cold)
    share = (split.relabel(blobs.labels[split.test]) == 0).mean()
    assert run.accuracy[0] == share  # a classifier that has seen nothing gives all one class
    assert run.recall == run.recall_with_init
    assert len({index for asked in run.asked for index in asked}) == 3 * 8


def test_noise_changes_the_answers_not_the_judgment(
    blobs: LabeledData, split: OpenSetSplit
) -> None:
    oracle = Oracle(split.truth, 3, noise=0.5, skip=0.3)
    noisy, clean = play(Random(), blobs, split, oracle=oracle), play(Random(), blobs, split)
    assert (noisy.asked, noisy.precision) == (clean.asked, clean.precision)
    assert noisy.accuracy[0] == clean.accuracy[0]


def test_a_test_set_of_its_own(blobs: LabeledData, split: OpenSetSplit) -> None:
    own = LabeledData(
        blobs.labels[split.test],
        names="01234",
        embeddings=blobs.pool(split.test).take("embeddings", range(45)),
    )
    expected = play(Random(), blobs, split)
    assert without_seconds(play(Random(), blobs, split, test=own)) == without_seconds(expected)


def test_a_split_without_test_items_needs_a_test_set(
    blobs: LabeledData, split: OpenSetSplit
) -> None:
    with pytest.raises(ArgumentError, match="test_share"):
        play(Random(), blobs, replace(split, test=np.empty(0, np.int64)))


@pytest.mark.parametrize(
    "options, message",
    [({"rounds": 0}, "rounds"), ({"budget": 0}, "budget"), ({"rounds": 40}, "the pool has 255")],
)
def test_what_cannot_be_is_refused(
    options: dict[str, int], message: str, blobs: LabeledData, split: OpenSetSplit
) -> None:
    with pytest.raises(ArgumentError, match=message):
        play(Random(), blobs, split, **options)


class Spy:
    """A strategy of somebody else, who looks around."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def query(self, pool: Pool, labeled: LabeledSet, budget: int, **options: Any) -> Query:
        self.rounds.append(len(labeled.history))
        assert pool.offers == ("embeddings",)
        assert len(labeled.pending_indices) == 0
        return Random().query(pool, labeled, budget, **options)


def test_anything_that_queries_is_a_strategy(blobs: LabeledData, split: OpenSetSplit) -> None:
    spy = Spy()
    assert play(spy, blobs, split).asked == play(Random(), blobs, split).asked
    assert spy.rounds == [1, 2, 3]


@pytest.mark.long
def test_an_mlp_as_the_task_network(blobs: LabeledData, split: OpenSetSplit) -> None:
    run = play(Uncertainty(), blobs, split, task=EmbeddingClassifier(hidden=16))
    assert run.accuracy[-1] > 0.7


def tiny(num_classes: int) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, num_classes))


def test_any_network_on_images(split: OpenSetSplit, blobs: LabeledData) -> None:
    shades = torch.tensor(blobs.labels / 5, dtype=torch.float32)
    images = [shade.expand(3, 8, 8) for shade in shades]
    data = LabeledData(blobs.labels, images)
    run = play(Uncertainty(), data, split, task=Classifier(tiny, epochs=1), rounds=1)
    assert len(run.accuracy) == 2


def test_the_global_generators_are_left_alone(blobs: LabeledData, split: OpenSetSplit) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    play(LfOSA(), blobs, split, rounds=1)
    assert torch.rand(1) == expected


def test_labels_must_fit_the_items() -> None:
    with pytest.raises(ArgumentError, match="3 rows"):
        LabeledData([0, 1, 0], embeddings=np.eye(2))


def test_a_test_set_that_the_task_network_cannot_read_names_the_cure(
    blobs: LabeledData, split: OpenSetSplit
) -> None:
    images = LabeledData(blobs.labels, [torch.zeros(3, 8, 8)] * len(blobs), names="01234")
    message = (
        r"EmbeddingClassifier reads 'embeddings'; test offers 'items'. Give test=Labeled.*task="
    )
    with pytest.raises(ArgumentError, match=message):
        play(Random(), blobs, split, test=images)
    with pytest.raises(ArgumentError, match="Classifier reads 'items'; data offers 'embeddings'"):
        play(Random(), blobs, split, task=Classifier())
