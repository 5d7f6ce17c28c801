"""An oracle's answer belongs to the item, not to the moment it is asked."""

from typing import Any

import numpy as np
import pytest

from openal import SKIPPED, UNKNOWN
from openal.errors import ArgumentError
from openal.simulate import Oracle

TRUTH = np.random.default_rng(0).integers(-1, 4, 20000)
EVERYTHING = np.arange(len(TRUTH))


def test_an_oracle_tells_the_truth() -> None:
    np.testing.assert_array_equal(Oracle(TRUTH, 4)(EVERYTHING), TRUTH)


def test_the_order_of_questions_changes_no_answer() -> None:
    oracle, other = (Oracle(TRUTH, 4, noise=0.3, skip=0.1, seed=5) for _ in range(2))
    asked = np.random.default_rng(1).permutation(EVERYTHING)
    other([7])
    np.testing.assert_array_equal(other(asked)[np.argsort(asked)], oracle(EVERYTHING))


def test_noise_is_the_share_of_wrong_answers_and_all_wrong_ones_are_alike() -> None:
    answers = Oracle(TRUTH, 4, noise=0.3)(EVERYTHING)
    assert (answers != TRUTH).mean() == pytest.approx(0.3, abs=0.01)
    wrong = answers[(answers != TRUTH) & (TRUTH == UNKNOWN)]
    np.testing.assert_allclose(np.bincount(wrong) / len(wrong), 0.25, atol=0.04)


def test_more_noise_keeps_the_errors_of_less() -> None:
    few, many = (Oracle(TRUTH, 4, noise=noise)(EVERYTHING) for noise in (0.1, 0.4))
    np.testing.assert_array_equal(many[few != TRUTH], few[few != TRUTH])


def test_skipping() -> None:
    answers = Oracle(TRUTH, 4, skip=0.2)(EVERYTHING)
    assert (answers == SKIPPED).mean() == pytest.approx(0.2, abs=0.01)
    assert Oracle(TRUTH, 4, skip=1.0)([3]).tolist() == [SKIPPED]


def test_seeds_differ() -> None:
    answers = [Oracle(TRUTH, 4, noise=0.5, seed=seed)(EVERYTHING) for seed in (0, 1)]
    assert (answers[0] != answers[1]).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise": -0.1},
        {"noise": 1.1},
        {"skip": float("nan")},
        {"truth": [0, 4]},
        {"truth": [0, -2]},
        {"num_classes": -1},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        Oracle(**{"truth": [0, 1], "num_classes": 4, **wrong})


@pytest.mark.parametrize("indices", [[2], [-1], [0, 0], [0.0]])
def test_questions_about_nothing_are_refused(indices: list[Any]) -> None:
    with pytest.raises(ArgumentError):
        Oracle([0, 1], 2)(indices)
