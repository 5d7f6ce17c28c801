"""The floor stops a project that finds too little, and no other."""

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openal import SKIPPED, UNKNOWN, LabeledSet
from openal.errors import ArgumentError
from openal.stopping import purity_floor, purity_interval

POOR = [[UNKNOWN] * 20] * 3


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_interval_solves_wilsons_equation(known: int, unknown: int) -> None:
    rounds = [[0] * known + [UNKNOWN] * unknown]
    n, z = known + unknown, 1.959963984540054
    if not n:
        assert purity_interval(rounds) == (0, 1)
        return
    for bound in purity_interval(rounds):  # |share - bound| is z standard errors at the bound
        distance = abs(known / n - bound)
        assert distance == pytest.approx(z * sqrt(max(0, bound * (1 - bound)) / n), abs=1e-6)


def test_ten_of_twenty() -> None:
    # Wilson's center is 0.5 and his half width z / (2 sqrt(n + z^2)) = 1.96 / (2 * 4.8826).
    low, high = purity_interval([[0] * 10 + [UNKNOWN] * 10])
    assert (low, high) == pytest.approx((0.29930, 0.70070), abs=1e-5)


def test_three_queries_without_a_find_stop() -> None:
    assert purity_floor(POOR, floor=0.2)


@pytest.mark.parametrize("rounds", [[], POOR[:1], POOR[:2], [[], *POOR[:2]]])
def test_a_young_project_does_not_stop(rounds: Any) -> None:
    assert not purity_floor(rounds, floor=0.99)
    assert not purity_floor(LabeledSet(3, classes=1), floor=0.99)


def test_an_unlucky_small_round_does_not_stop() -> None:
    assert not purity_floor([[0] * 10, [0] * 10, [UNKNOWN] * 3], floor=0.9)
    assert not purity_floor([[UNKNOWN]] * 3, floor=0.5)  # 0 of 3: up to 0.56


def test_only_the_last_queries_count() -> None:
    assert purity_floor([[0] * 100, *POOR], floor=0.2)
    assert not purity_floor([[0] * 100, *POOR], floor=0.2, window=4)


def test_what_is_skipped_or_empty_says_nothing() -> None:
    rounds = [[0] * 5 + [SKIPPED] * 50] * 3
    assert not purity_floor(rounds, floor=0.5)
    assert purity_floor([*POOR, [], [SKIPPED]], floor=0.2)


def test_the_start_is_not_in_the_window() -> None:
    labeled = LabeledSet(100, classes=1)
    labeled.add(range(40), [UNKNOWN] * 40)
    labeled.add(range(40, 45), [0] * 5)
    labeled.add(range(45, 50), [0] * 5)
    assert not purity_floor(labeled, floor=0.9, window=3)
    assert purity_interval(labeled)[1] == 1


def test_more_confidence_stops_later() -> None:
    rounds = [[0] * 2 + [UNKNOWN] * 18]
    assert purity_floor(rounds, floor=0.32, window=1)  # 2 of 20: up to 0.301
    assert not purity_floor(rounds, floor=0.32, window=1, confidence=0.99)


@pytest.mark.parametrize(
    "argument, value",
    [("floor", 1.1), ("window", 0), ("confidence", 1.0), ("confidence", 0), ("rounds", 3)],
)
def test_errors_name_the_argument(argument: str, value: Any) -> None:
    arguments: dict[str, Any] = {"rounds": [], "floor": 0.5, argument: value}
    with pytest.raises(ArgumentError, match=argument):
        purity_floor(**arguments)
