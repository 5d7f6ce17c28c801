"""Money per known answer, counted by hand."""

from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from openal import SKIPPED, UNKNOWN, LabeledSet
from openal.errors import ArgumentError
from openal.simulate.metrics import query_precision
from openal.stopping import Cost, cost_per_correct


def test_each_round_and_all() -> None:
    labeled = LabeledSet(10, classes=2)
    labeled.add([0, 1, 2], [0, 1, UNKNOWN])  # 2 * 10 + 4
    labeled.begin_round(SimpleNamespace(indices=[3, 4, 5, 6]))
    labeled.add([3, 4, 5, 6], [SKIPPED, 1, UNKNOWN, UNKNOWN])  # 10 + 2 * 4 + 1
    cost = cost_per_correct(labeled, cost_known=10, cost_unknown=4, cost_skipped=1)
    assert cost == Cost(spent=(24, 19), known=(2, 1))
    assert cost.per_round == (12, 19) and cost.overall == 43 / 3


def test_without_prices_it_is_the_answers_per_known_one() -> None:
    labels = [0, UNKNOWN, 1, SKIPPED, UNKNOWN]
    assert cost_per_correct([labels]).overall == 1 / query_precision(labels)


def test_a_round_without_a_known_answer() -> None:
    cost = cost_per_correct([[UNKNOWN, UNKNOWN], [], [0, 0]])
    assert cost.per_round == (inf, 0, 1) and cost.overall == 2


def test_before_the_first_answer() -> None:
    cost = cost_per_correct(LabeledSet(3, classes=1))
    assert cost.per_round == () and cost.overall == 0


def test_a_relabeled_answer_counts_as_it_is_now() -> None:
    labeled = LabeledSet(3, classes=1)
    labeled.add([0, 1], [0, 0])
    labeled.relabel([1], [UNKNOWN])
    assert cost_per_correct(labeled).overall == 2


@pytest.mark.parametrize("argument", ["cost_known", "cost_unknown", "cost_skipped"])
def test_a_price_below_nothing_is_refused(argument: str) -> None:
    prices: dict[str, Any] = {argument: -1}
    with pytest.raises(ArgumentError, match=argument):
        cost_per_correct([[0]], **prices)
