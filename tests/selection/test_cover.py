"""Balls around candidates, and what follows when they hold everything."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.functional import k_center_greedy
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Step
from openal.selection.cover import Cover
from openal.selection.vectors import directions_of
from openal.view import View

# Along a circle: a crowd of five, a pair, and one on its own.
DEGREES = np.radians([0.0, 2, 4, 6, 8, 60, 62, 120])
Z = np.stack([np.cos(DEGREES), np.sin(DEGREES)], axis=1)
BALL = 2 * np.sin(np.radians(4.5) / 2)  # holds what is at most four and a half degrees away


def view(answers: dict[int, int] | None = None, z: np.ndarray = Z, seed: int = 0) -> View:
    labeled = LabeledSet(len(z), 2)
    labeled.add(list(answers or {}), list((answers or {}).values()))
    return Pool(embeddings=z).view(labeled, reads=("embeddings",), seed=seed)


def scores_of(step: Step) -> list[float]:
    assert step.scores is not None
    return step.scores[step.rows].tolist()


def test_the_crowd_then_the_pair_then_the_one() -> None:
    step = Cover(delta=BALL)(view(), 3)
    assert step.kept.tolist() == [2, 5, 7]
    assert scores_of(step) == [5, 2, 1]
    assert step.n_filled == 0


@pytest.mark.parametrize("answer", [1, UNKNOWN])
def test_what_is_near_an_answer_is_covered(answer: int) -> None:
    step = Cover(delta=BALL)(view({2: answer}), 2)
    assert step.kept.tolist() == [5, 7]


def test_when_all_is_covered_the_farthest_follow_and_are_counted() -> None:
    step = Cover(delta=BALL)(view({2: 0}), 6)
    assert step.kept.tolist()[:2] == [5, 7]
    pool = directions_of(view({2: 0}).pool["embeddings"])  # rows 0..6 are 0, 1, 3, 4, 5, 6, 7
    others = pool[[0, 1, 2, 3, 5]]
    order = k_center_greedy(others, directions_of(view().pool["embeddings"])[[2, 5, 7]], 4)
    assert step.kept.tolist()[2:] == np.array([0, 1, 3, 4, 6])[order.numpy()].tolist()
    assert step.n_filled == 4
    assert scores_of(step) == pytest.approx([2, 1, -0.2, -0.4, -0.6, -0.8])


def test_the_radius_is_estimated_and_told() -> None:
    seen = view(z=np.repeat(Z[[0, 7]], 30, axis=0) + 0.01 * np.random.default_rng(0).normal())
    Cover()(seen, 1)
    apart = np.linalg.norm(Z[0] - Z[7])
    assert seen.notes["delta"] == pytest.approx(apart, rel=0.05)


def test_more_clusters_make_smaller_balls() -> None:
    few, many = view(), view()
    Cover()(few, 1)
    Cover(num_clusters=6)(many, 1)
    assert many.notes["delta"] < few.notes["delta"]


def test_less_purity_makes_larger_balls() -> None:
    pure, mixed = view(), view()
    Cover(num_clusters=3)(pure, 1)
    Cover(purity=0.3, num_clusters=3)(mixed, 1)
    assert pure.notes["delta"] < mixed.notes["delta"]


def test_a_given_radius_is_told_as_it_is() -> None:
    seen = view()
    Cover(delta=0.25)(seen, 1)
    assert seen.notes["delta"] == 0.25


@pytest.mark.parametrize(
    "options",
    [{"delta": -1}, {"delta": "0.5"}, {"purity": float("nan")}, {"num_clusters": 0}],
)
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        Cover(**options)
