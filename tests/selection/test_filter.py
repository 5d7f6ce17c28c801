"""Keeps every candidate whose score passes a threshold."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal import UNKNOWN, Chain
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.selection import Filter, Top
from openal.step import Step
from openal.view import View

VIEW = Pool(embeddings=np.zeros((10, 1))).view(LabeledSet(10, 2), reads=())


def rising(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices).float()


def test_those_above_pass_best_first() -> None:
    step = Filter(rising, above=6.5)(VIEW, 2)
    assert step.kept.tolist() == [9, 8, 7]
    assert step.n_filled == 0


def test_the_threshold_itself_does_not_pass() -> None:
    assert Filter(rising, above=7)(VIEW, 1).kept.tolist() == [9, 8]


def test_the_next_best_fill_up_and_are_counted() -> None:
    step = Filter(rising, above=7)(VIEW, 5)
    assert step.kept.tolist() == [9, 8, 7, 6, 5]
    assert step.n_filled == 3


def test_where_none_passes_all_are_filled() -> None:
    step = Filter(rising, above=99)(VIEW, 3)
    assert step.kept.tolist() == [9, 8, 7]
    assert step.n_filled == 3


def test_a_budget_beyond_the_candidates_fills_up_to_them() -> None:
    step = Filter(rising, above=7)(VIEW, 99)
    assert len(step.kept) == 10
    assert step.n_filled == 8


@pytest.mark.long
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(0, 5), st.integers(1, 25))
def test_what_is_kept(scores: list[int], above: int, budget: int) -> None:
    n = len(scores)
    view = Pool(embeddings=np.zeros((n, 1))).view(LabeledSet(n, 2), reads=())
    step = Filter(lambda _: torch.tensor(scores).float(), above=above)(view, budget)
    passed = [row for row in range(n) if scores[row] > above]
    kept = step.kept.tolist()
    assert set(passed) <= set(kept)
    assert len(kept) == max(len(passed), min(budget, n))
    assert kept == sorted(range(n), key=lambda row: -scores[row])[: len(kept)]
    assert step.n_filled == len(kept) - len(passed)


@pytest.mark.parametrize("above", ["0.5", None, float("nan"), True])
def test_a_threshold_is_a_number(above: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^above must be"):
        Filter(rising, above=above)


@pytest.mark.parametrize("score", [3, None, "Entropy"])
def test_a_score_is_a_function(score: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^score must be"):
        Filter(score)


LEARNED = Pool(embeddings=np.eye(12), spare=np.zeros(12))


def test_a_threshold_is_learned_from_the_answers() -> None:
    labeled = LabeledSet(12, 2)
    labeled.add([0, 1, 2, 6, 7, 8], [UNKNOWN, UNKNOWN, UNKNOWN, 0, 1, 0])
    query = Chain(Filter(rising, above="youden"), Top(rising)).query(LEARNED, labeled, 1, seed=0)
    assert query.steps[0].kept.tolist() == [11, 10, 9, 5]
    assert query.diagnostics["above"] == 4.0


@pytest.mark.parametrize("answers", [{}, {0: UNKNOWN}, {6: 1}])
def test_before_both_kinds_of_answers_all_pass(answers: dict[int, int]) -> None:
    labeled = LabeledSet(12, 2)
    labeled.add([*answers], [*answers.values()])
    step = Chain(Filter(rising, above="youden")).query(LEARNED, labeled, 1, seed=0).steps[0]
    assert len(step.kept) == 12 - len(answers)


def test_an_answered_item_does_not_judge_itself() -> None:
    """A score that knows the answers by heart tells nothing of items it does not know."""

    def by_heart(view: View) -> Tensor:
        return torch.from_numpy(np.isin(view.pool.indices, view.known.indices)).float()

    labeled = LabeledSet(12, 2)
    labeled.add([0, 1, 2, 6, 7, 8], [UNKNOWN, UNKNOWN, UNKNOWN, 0, 1, 0])
    query = Chain(Filter(by_heart, above="youden")).query(LEARNED, labeled, 1, seed=0)
    assert query.diagnostics["above"] == -np.inf


def test_a_score_without_a_threshold_needs_one() -> None:
    with pytest.raises(ArgumentError, match=r"^above must be given.*youden"):
        Filter(rising)


def test_a_score_that_declares_a_threshold_gives_it() -> None:
    assert Filter(KnownNeighbors()) == Filter(KnownNeighbors(), above=0.5)


def cold_step(answers: dict[int, int], above: float = 99, factor: float = 2.5) -> Step:
    labeled = LabeledSet(12, 2)
    labeled.add([*answers], [*answers.values()])
    chain = Chain(Filter(rising, above=above, cold_factor=factor))
    return chain.query(LEARNED, labeled, 2, seed=0).steps[0]


@pytest.mark.parametrize("answers", [{}, {0: UNKNOWN}, {0: 1}])
def test_before_both_kinds_of_answers_a_multiple_of_the_budget_is_kept(
    answers: dict[int, int],
) -> None:
    step = cold_step(answers)
    assert step.kept.tolist() == [11, 10, 9, 8, 7]
    assert step.n_filled == 2  # what the budget lacks, not what is there to choose among


def test_with_both_kinds_of_answers_the_budget_is_enough() -> None:
    assert cold_step({0: UNKNOWN, 1: 0}).kept.tolist() == [11, 10]


def test_a_multiple_of_the_budget_is_a_floor_alone() -> None:
    assert len(cold_step({}, above=1).kept) == 10


def test_a_multiple_beyond_the_candidates_is_all_of_them() -> None:
    assert len(cold_step({}, factor=99).kept) == 12


@pytest.mark.parametrize("factor", [0.5, "2", True, float("inf")])
def test_a_cold_factor_is_a_number_of_at_least_one(factor: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^cold_factor must be"):
        Filter(rising, above=0, cold_factor=factor)
