"""A factor that follows the precision of the rounds so far."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from openal import SKIPPED, UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.parts import reads_of
from openal.purity import EnergyPurity
from openal.selection import Adaptive, Filter, Top
from openal.view import PENDING, Round, View
from tests.walking import walked


def value(view: View) -> Tensor:
    return view.pool["value"].flatten()


def round_(known: int, unknown: int, scored: bool = True, others: tuple[int, ...] = ()) -> Round:
    labels = np.array([*[0] * known, *[UNKNOWN] * unknown, *others], np.int64)
    scores = np.zeros(len(labels)) if scored else None
    return Round(np.arange(len(labels)), labels, scores)


def factor(*rounds: Round, start: float = 5.0) -> float:
    n = 40
    view = Pool(value=np.arange(n, dtype=float)).view(LabeledSet(n, 2), reads=("value",))
    view = replace(view, history=rounds)
    step = Adaptive(Top(value, factor=start))(view, 2)
    assert len(step.rows) == 2 * step.stage.factor == 2 * view.notes["factor"]
    return float(step.stage.factor)


@walked
@pytest.mark.parametrize(
    "rounds, expected",
    [
        ([], 5),
        ([(9, 1)], 6),
        ([(3, 7)], 4),
        ([(6, 4)], 5),
        ([(13, 7)], 5),  # 0.65
        ([(11, 9)], 5),  # 0.55
        ([(9, 1), (9, 1), (0, 10)], 6),
        ([(0, 1)] * 9, 1),
        ([(0, 1)] * 9 + [(1, 0)], 2),
    ],
)
def test_rounds_are_replayed(rounds: list[tuple[int, int]], expected: float) -> None:
    assert factor(*(round_(*each) for each in rounds)) == expected


def test_a_first_round_without_scores_is_a_start() -> None:
    assert factor(round_(9, 0, scored=False)) == 5
    assert factor(round_(9, 0, scored=False), round_(9, 0, scored=False)) == 6


def test_skipped_and_pending_items_do_not_count() -> None:
    assert factor(round_(6, 4, others=(SKIPPED, PENDING) * 20)) == 5
    assert factor(round_(0, 0, others=(SKIPPED, PENDING))) == 5


def test_signals_and_roles_are_those_of_the_stage() -> None:
    assert reads_of(Adaptive(Top(EnergyPurity()))) == ("logits",)


@pytest.mark.parametrize("stage", [Filter(value, above=0), value, Top, 3])
def test_stages_without_a_factor_are_refused(stage: Any) -> None:
    with pytest.raises(ArgumentError, match="stage must have a factor"):
        Adaptive(stage)


@pytest.mark.parametrize("wrong", [{"target": -1}, {"tolerance": -0.1}])
def test_options_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Adaptive(Top(value), **wrong)
