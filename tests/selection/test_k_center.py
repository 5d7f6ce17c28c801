"""Stages that spread the choice, farthest first."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.labeled import UNKNOWN, LabeledSet
from openal.parts import reads_of
from openal.pool import Pool
from openal.query import Chain
from openal.selection import ClassBalancedKCenter, KCenter, Signal, Top
from openal.selection.k_center import _required
from openal.view import View

LINE = np.array([[0.0], [1], [2], [3], [4], [5], [6]])  # 0 is known, 6 is UNKNOWN


def asked(stage: Any, budget: int, answers: dict[int, int], **signals: Any) -> list[int]:
    pool = Pool(**{"features": LINE, "logits": np.zeros((7, 2)), **signals})
    labeled = LabeledSet(7, 2)
    labeled.add(list(answers), list(answers.values()))
    return list(Chain(stage).query(pool, labeled, budget, seed=0))


def test_all_answered_are_centers() -> None:
    assert asked(KCenter(), 2, {0: 1, 6: UNKNOWN}) == [3, 1]


def test_or_the_known_only() -> None:
    assert asked(KCenter(centers="known"), 2, {0: 1, 6: UNKNOWN}) == [5, 2]


def test_before_any_answer_it_starts_farthest_from_the_mean() -> None:
    assert asked(KCenter(), 3, {}) == [0, 6, 3]


def test_vectors_by_name_or_by_function() -> None:
    squared = KCenter(vectors=lambda view: view.pool["features"] ** 2)
    squared.vectors.reads = ("features",)
    assert asked(squared, 1, {0: 0, 6: 0}) == [4]
    assert asked(KCenter("spare"), 1, {0: 0}, spare=-LINE.astype(np.float16)) == [6]
    assert reads_of(KCenter("spare")) == ("spare",)


def test_ties_go_to_what_the_stages_before_rank_higher() -> None:
    def falling(view: View) -> Tensor:
        return torch.from_numpy(view.pool.indices).float()

    alike = Chain(Top(falling, factor=2), KCenter())
    pool = Pool(features=np.zeros((7, 1)))
    assert alike.query(pool, LabeledSet(7, 2), 3).indices.tolist() == [6, 5, 4]


def test_candidates_have_no_score() -> None:
    view = Pool(features=LINE).view(LabeledSet(7, 2), reads=("features",))
    assert KCenter()(view, 2).scores is None
    assert len(KCenter()(view, 99).kept) == 7


@pytest.mark.parametrize(
    "stage", [KCenter("z", centers="known"), ClassBalancedKCenter(1.0, vectors="z")]
)
def test_a_stage_is_a_value(stage: Any) -> None:
    assert eval(repr(stage)) == stage  # noqa: S307
    assert pickle.loads(pickle.dumps(stage)) == stage
    assert stage.vectors == Signal("z")


def labels_view(labels: list[int]) -> View:
    labeled = LabeledSet(20, 2)
    labeled.add(range(len(labels)), labels)
    return Pool(features=np.zeros((20, 1))).view(labeled, reads=("features",))


def test_the_classes_that_are_required() -> None:
    assert _required(labels_view([]), 5).tolist() == [2, 2]
    assert _required(labels_view([0, 0, 0, UNKNOWN]), 3).tolist() == [0, 3]
    assert _required(labels_view([0, 0, 0, 1]), 3).tolist() == [0, 2]
    assert _required(labels_view([0] * 9), 1).tolist() == [0, 5]


def test_the_class_that_is_required_comes_first() -> None:
    logits = 30 * np.eye(2)[[0, 1, 0, 1, 0, 0, 0]]
    answers = dict.fromkeys((0, 4, 5, 6), 0)  # 3 of class 1 are required, none of class 0
    assert asked(ClassBalancedKCenter(lamb=0), 1, answers, logits=logits) == [2]
    assert asked(ClassBalancedKCenter(lamb=50), 2, answers, logits=logits) == [1, 3]


@pytest.mark.parametrize("options", [{"vectors": 3}, {"vectors": Signal}, {"centers": "all"}])
@pytest.mark.parametrize("stage", [KCenter, ClassBalancedKCenter])
def test_options_that_cannot_be(stage: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"^{next(iter(options))} must be"):
        stage(**options)


@pytest.mark.parametrize("lamb", [-1, float("nan"), "5"])
def test_a_penalty_is_a_number(lamb: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^lamb must be"):
        ClassBalancedKCenter(lamb)


@pytest.mark.parametrize("found", [3, torch.zeros(7), torch.zeros(6, 2)])
def test_vectors_are_a_row_per_candidate(found: Any) -> None:
    view = Pool(features=LINE).view(LabeledSet(7, 2), reads=())
    with pytest.raises(ScoreError, match="must return a tensor"):
        KCenter(lambda view: found)(view, 1)
