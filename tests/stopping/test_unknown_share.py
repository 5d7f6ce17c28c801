"""What is expected of a query, by its purities and by what came of earlier ones."""

from math import isnan, nan
from typing import Any

import numpy as np
import pytest
import torch

from openal import SKIPPED, UNKNOWN, LabeledSet
from openal.errors import ArgumentError
from openal.stopping import expected_unknown_share
from openal.view import PENDING, Round


def answered(purity: Any, labels: list[int]) -> Round:
    return Round(np.arange(len(labels)), np.array(labels), None, np.array(purity, np.float32))


def test_without_rounds_a_purity_is_a_probability() -> None:
    assert expected_unknown_share(torch.tensor([1.0, 0.5, 0.0, 0.0])) == 0.625


@pytest.mark.parametrize(
    "rounds",
    [
        [],
        LabeledSet(3, classes=1),
        [Round(np.array([0]), np.array([1]))],  # without purities
        [answered([0.5, 0.5], [SKIPPED, PENDING])],
    ],
)
def test_before_there_is_anything_to_calibrate_by(rounds: Any) -> None:
    share = expected_unknown_share([-7.0, 12.0], rounds)
    assert isnan(share) and not share > 0 and not share < 1


def test_counted_by_hand() -> None:
    # Two known, at 9, count 3/4; two unknown, at 1, count 1/4; between them the line.
    rounds = [answered([9, 9, 1, 1], [0, 1, UNKNOWN, UNKNOWN])]
    for purity, known in [(9, 0.75), (100, 0.75), (1, 0.25), (-100, 0.25), (5, 0.5)]:
        assert expected_unknown_share([purity], rounds) == pytest.approx(1 - known)
    assert expected_unknown_share([9, 9, 9, 1], rounds) == pytest.approx(1 - 2.5 / 4)


def test_a_pair_out_of_order_is_pooled() -> None:
    # The purer one is unknown: both are a half, (2/3 + 1/3) / 2.
    rounds = [answered([1, 2], [0, UNKNOWN])]
    assert expected_unknown_share([0, 1, 2, 3], rounds) == pytest.approx(0.5)


def test_one_unlucky_answer_is_no_certainty() -> None:
    assert expected_unknown_share([0.3], [answered([0.5], [UNKNOWN])]) == pytest.approx(2 / 3)


def test_a_purity_that_lies_is_found_out() -> None:
    rng = np.random.default_rng(0)
    purity = rng.random(2000)
    known = rng.random(2000) < purity**3  # what the purity says is far too much
    rounds = [answered(purity, np.where(known, 0, UNKNOWN).tolist())]
    query = np.linspace(0.2, 0.8, 61)
    assert abs(expected_unknown_share(query, rounds) - (1 - (query**3).mean())) < 0.02
    assert abs(expected_unknown_share(query) - (1 - (query**3).mean())) > 0.3


def test_only_the_last_rounds_with_answers_count() -> None:
    good, bad = answered([0.5] * 8, [0] * 8), answered([0.5] * 8, [UNKNOWN] * 8)
    waiting = answered([0.5], [PENDING])
    rounds = [good, bad, bad, waiting]
    assert expected_unknown_share([0.5], rounds, window=2) == pytest.approx(17 / 18)
    assert expected_unknown_share([0.5], rounds, window=3) == pytest.approx(
        1 - (8 * 0.9 + 16 / 18) / 24
    )


def test_skipped_and_pending_say_nothing() -> None:
    rounds = [answered([9, 1, 9, 9, 9], [0, UNKNOWN, SKIPPED, SKIPPED, PENDING])]
    assert expected_unknown_share([9, 1], rounds) == pytest.approx(0.5)
    assert expected_unknown_share([9], rounds) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"purity": []}, "purity is empty"),
        ({"purity": None}, "purity"),
        ({"purity": [nan]}, "purity"),
        ({"purity": [[0.5]]}, "purity"),
        ({"purity": [0.5, 1.5]}, r"purity\[1\] is 1.5"),
        ({"purity": [0.5], "rounds": [[0, 1]]}, "rounds"),
        ({"purity": [0.5], "rounds": [], "window": 0}, "window"),
    ],
)
def test_errors_name_the_argument(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        expected_unknown_share(**arguments)
