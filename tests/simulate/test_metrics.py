"""Each number against one that was counted by hand or stated elsewhere."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from sklearn.metrics import precision_recall_fscore_support

from openal.errors import ArgumentError, ArrayError
from openal.simulate.metrics import aubc, class_scores, query_precision, query_recall, wasted

CURVE = [0.5, 0.6, 0.7, 0.75, 0.8, 0.82, 0.84, 0.85, 0.86, 0.87]
LABELS = st.lists(st.integers(-1, 3), min_size=1, max_size=30)


@pytest.mark.parametrize("convention, area", [("openal", 0.6905), ("trapezoid", 0.767222)])
def test_the_area_has_both_published_conventions(convention: Any, area: float) -> None:
    assert aubc(CURVE, convention) == pytest.approx(area, abs=1e-6)


@pytest.mark.parametrize("convention, area", [("openal", 0.9), ("trapezoid", 1.0)])
def test_the_area_under_a_constant(convention: Any, area: float) -> None:
    assert aubc([1.0] * 10, convention) == pytest.approx(area)


def test_the_area_is_the_integral_over_equidistant_points() -> None:
    assert aubc(CURVE) == pytest.approx(trapezoid(CURVE, np.linspace(0, 1, 10)))


def test_the_area_of_one_value_is_that_value() -> None:
    assert aubc([0.7]) == aubc([0.7], "openal") == 0.7


@given(LABELS)
def test_precision_counts_the_known(labels: list[int]) -> None:
    assert query_precision(labels) == sum(label >= 0 for label in labels) / len(labels)


@given(LABELS)
def test_an_answer_is_known_or_wasted(labels: list[int]) -> None:
    assert wasted(labels) == labels.count(-1)


@given(LABELS, st.integers(0, 20), st.integers(1, 20))
def test_the_recalls_convert_into_each_other(labels: list[int], more: int, initial: int) -> None:
    num_known = sum(label >= 0 for label in labels) + more
    paper = query_recall(labels, num_known)
    code = query_recall(labels, num_known, initial=initial)
    total = num_known + initial  # R_paper = (R_code N - L) / (N - L)
    assert paper * num_known == pytest.approx(code * total - initial)


def test_a_skipped_answer_is_spent_and_not_known() -> None:
    assert query_precision([0, -1, -2, -2]) == 0.25
    assert query_recall([0, -2], 4) == 0.25
    assert wasted([0, -1, -2, -2]) == 3


def test_recall_without_a_query() -> None:
    assert query_recall([], 8) == 0
    assert query_recall([], 8, initial=2) == 0.2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: query_precision([]),
        lambda: query_precision([0.5]),
        lambda: query_precision([0, -3]),  # pending: no answer yet
        lambda: query_recall([1, 2], 1),
        lambda: aubc([]),
        lambda: aubc([0.5, float("nan")]),
        lambda: aubc([0.5, 0.6], "area"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError):
        wrong()


@given(st.integers(1, 5).flatmap(lambda k: st.tuples(st.just(k), pairs_below(k))))
def test_scores_of_classes_are_those_of_scikit_learn(
    drawn: tuple[int, list[tuple[int, int]]],
) -> None:
    num_classes, pairs = drawn
    predicted, labels = zip(*pairs, strict=True)
    found = class_scores(predicted, labels, num_classes)
    expected = precision_recall_fscore_support(
        labels, predicted, labels=range(num_classes), zero_division=0
    )
    for mine, theirs in zip((found.precision, found.recall, found.f1), expected, strict=False):
        assert mine == pytest.approx(theirs)


def pairs_below(k: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    one = st.integers(0, k - 1)
    return st.lists(st.tuples(one, one), min_size=1, max_size=20)


def test_a_share_of_nothing_is_zero() -> None:
    found = class_scores([0, 0], [0, 1], 3)
    assert found.precision == (0.5, 0, 0)
    assert found.recall == (1, 0, 0)
    assert found.f1 == pytest.approx((2 / 3, 0, 0))


@pytest.mark.parametrize(
    "predicted, labels, words",
    [
        ([0, 3], [0, 1], r"predicted\[1\] is 3; it must be in 0..2"),
        ([0, 1], [0, -1], r"labels\[1\] is -1; it must be in 0..2"),
        ([0], [0, 1], "predicted has 1 rows, labels 2"),
    ],
)
def test_classes_that_cannot_be_scored_are_refused(
    predicted: list[int], labels: list[int], words: str
) -> None:
    with pytest.raises(ArrayError, match=words):
        class_scores(predicted, labels, 3)
