"""CLIPNAL's whole query in NumPy: equations 2-8, with the plain grid of scales in fractions.

Before both kinds are answered, the two Gaussians that choose the first scale are fitted once more.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from openal.informativeness import Entropy, Margin
from openal.labeled import UNKNOWN
from openal.selection import Top
from openal.strategies import CLIPNAL
from openal.testing import World
from tests.oracles.comparing import (
    BUDGETS,
    KINDS,
    WORLDS,
    Expected,
    check,
    in_turn,
    is_near_tie,
    ranked,
    remembered,
    unlabeled,
    upper_half,
)
from tests.oracles.test_lfosa import e_step, m_step
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "without visual weighting": {"visual_weighting": False},
    "without tuning": {"tune_temperature": False},
    "without either": {"visual_weighting": False, "tune_temperature": False},
    "untuned at CLIP's scale": {"tune_temperature": False, "scale": 100.0},
    "plain accuracy, as in the paper": {"objective": "accuracy"},
    "few scales": {"scales": [2.0, 9.0, 20.0, 55.5]},
    "plain accuracy over few scales": {"objective": "accuracy", "scales": [1.0, 30.0, 60.0]},
    "five times the budget while cold": {"cold_factor": 5.0},
    "the budget alone while cold": {"cold_factor": 1.0},
    "then entropy, without tuning": {"tune_temperature": False, "then": Top(Entropy())},
    "then margin, without either": {
        "visual_weighting": False,
        "tune_temperature": False,
        "then": Top(Margin()),
    },
}
GRID = [step / 10 for step in range(1, 1001)]
FEWEST = 20  # candidates that may choose a scale
ROUNDING = {np.float64: 1e-12, np.float32: 3e-5}  # of the logarithm of known over unknown


def as_type(made: World, dtype: type) -> World:
    """The same world in another precision: in float64 rounding decides next to nothing."""
    return made.offering({name: x.astype(dtype) for name, x in made.signals.items()})


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def visual_of(made: World) -> np.ndarray | None:
    """v [N, K], eqs. 5-6: z . phi, phi the mean of the unit rows of a class.

    A class without answers gets the largest of the others.
    """
    z = made.signals["embeddings"]
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    columns: list[np.ndarray | None] = []
    for c in range(made.num_classes):
        members = [i for i, label in made.answers.items() if label == c]
        columns.append(z @ z[members].mean(axis=0) if members else None)
    found = [column for column in columns if column is not None]
    if not found:
        return None
    best = np.max(found, axis=0)
    return np.stack([best if column is None else column for column in columns], axis=1)


def evidence(yes: np.ndarray, no: np.ndarray, visual: np.ndarray | None, s: float) -> Any:
    """Known and unknown [N] at a scale: eqs. 2-4 and 7."""
    p_yes, p_no = softmax(s * yes), 1 / (1 + np.exp(s * (yes - no)))
    r, unknown = p_yes * (1 - p_no), (p_yes * p_no).sum(axis=1)
    if visual is None:
        return r.max(axis=1), unknown
    return (r * softmax(s * visual)).max(axis=1), unknown / yes.shape[1]


@remembered
def tuned(
    cosines: list[Any], known: np.ndarray, rounding: float, grid: list[float], objective: str
) -> tuple[float, Fraction, bool]:
    """The least of the best scales by eq. 8, its balanced accuracy, and whether rounding decides.

    `cosines` are those of the items to tell apart. Where one of them is as good as known as
    unknown, the accuracy is an interval.
    """
    least, most, balanced = [], [], []
    for scale in grid:
        margin = np.subtract(*np.log(evidence(*cosines, scale)))
        for found, slack in ((least, -rounding), (most, rounding)):
            right = np.where(known, margin > -slack, margin <= slack)
            shares = [Fraction(int(right[kind].sum()), int(kind.sum())) for kind in (known, ~known)]
            mean = Fraction(int(right.sum()), len(right))
            found.append(mean if objective == "accuracy" else sum(shares) / 2)
            balanced += [sum(shares) / 2] if found is least else []
    at = least.index(max(least))
    doubtful = max(most[:at], default=-1) >= least[at] or max(most) > least[at]
    return grid[at], balanced[at], doubtful


@remembered
def upper_part(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """Which are of the upper of two Gaussians of one variance, and whether rounding decides."""
    if np.ptp(values) < 1e-12:
        return np.zeros(len(values), bool), False
    x = (values - values.mean()) / values.std()
    bells, before = m_step(x, np.stack([1 - upper_half(x), upper_half(x)]), True), -np.inf
    for _ in range(200):
        shares, likelihood = e_step(x, bells)
        bells = m_step(x, shares, True)
        if abs(likelihood - before) < 1e-4:
            break
        before = likelihood
    upper = e_step(x, bells)[0][int(bells[1].argmax())]
    return upper > 0.5, bool((abs(upper - 0.5) < 1e-6).any())


def first_scale(
    cosines: list[Any], rounding: float, scale: float, grid: list[float], objective: str
) -> tuple[float, bool]:
    """What tells apart two parts of the candidates as they lie at `scale`; does rounding decide?"""
    known, unknown = evidence(*cosines, scale)
    upper, torn = upper_part(np.log(known) - np.log(unknown))
    if len(upper) < FEWEST or upper.all() or not upper.any():
        return scale, torn
    found, _, doubtful = tuned(cosines, upper, rounding, grid, objective)
    return found, torn or doubtful


def unsure(logits: np.ndarray, then: Any) -> np.ndarray:
    """What comes after: 1 - p1, the entropy, or 1 - (p1 - p2)."""
    p = softmax(logits)
    best = -np.sort(-np.hstack([p, np.zeros((len(p), 1))]), axis=1)
    if then is None:
        return 1 - best[:, 0]
    if isinstance(then.score, Entropy):
        return -(p * np.log(p)).sum(axis=1)
    return 1 - (best[:, 0] - best[:, 1])


def clipnal(
    made: World,
    rows: list[int],
    budget: int,
    *,
    visual_weighting: bool = True,
    tune_temperature: bool = True,
    scale: float = 9.0,
    scales: list[float] = GRID,
    objective: str = "balanced",
    cold_factor: float = 2.0,
    then: Any = None,
) -> tuple[Expected, dict[str, Any]]:
    """The query among `rows`, ascending, and the scale with its balanced accuracy."""
    answers = {index: label for index, label in made.answers.items() if label >= UNKNOWN}
    rounding = ROUNDING[made.signals["yes_cosines"].dtype.type]
    made, budget, near_tie = as_type(made, np.float64), min(budget, len(rows)), False
    visual, notes = visual_of(made) if visual_weighting else None, {"scale": scale}
    cosines = [made.signals["yes_cosines"], made.signals["no_cosines"], visual]
    cold = UNKNOWN not in answers.values() or max(answers.values()) < 0
    if tune_temperature:
        among = rows if cold else list(answers)
        of_these = [None if x is None else x[among] for x in cosines]
    if tune_temperature and cold:
        scale, near_tie = first_scale(of_these, rounding, scale, scales, objective)
        notes = {"scale": scale, "scale_untuned": "both kinds of answers are needed"}
    elif tune_temperature:
        is_known = np.array(list(answers.values())) >= 0
        scale, accuracy, near_tie = tuned(of_these, is_known, rounding, scales, objective)
        notes = {"scale": scale, "balanced_accuracy": pytest.approx(float(accuracy), abs=1e-12)}
    known, unknown = evidence(*cosines, scale)
    values = known / (known + unknown), unsure(made.signals["logits"], then)
    purity, last = ({i: round(float(x[i]), 13) for i in rows} for x in values)
    order = ranked(rows, purity)
    passed = sum(known[index] > unknown[index] for index in rows)
    kept = order[: max(passed, math.ceil(cold_factor * budget) if cold else budget)]
    asked = ranked(kept, last)
    near_tie |= any(0 < abs(2 * purity[index] - 1) < rounding for index in rows)
    near_tie |= is_near_tie(order, purity, len(kept), rounding)
    near_tie |= is_near_tie(asked, last, budget, rounding / 10)
    return Expected(asked[:budget], purity, last, max(0, budget - passed), near_tie), notes


@walked
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_query_is_that_of_the_equations(kind: str, case: str) -> None:
    options = CASES[case]
    for seed, budget in in_turn(CASES, case, kind, BUDGETS[1:]):
        made = as_type(WORLDS.get(kind, WORLDS["noise"])(seed), np.float64)
        made = made.answered({}) if kind == "no answers" else made
        query = CLIPNAL(**options).query(made.pool, made.labeled, budget)
        expected, notes = clipnal(made, unlabeled(made), budget, **options)
        check(query, expected)
        assert notes.items() <= query.diagnostics[0].items() or expected.near_tie


@pytest.mark.parametrize("seed", range(10))
def test_in_single_precision(seed: int) -> None:
    made = WORLDS["noise" if seed % 2 else "plain"](seed)
    query = CLIPNAL().query(made.pool, made.labeled, 7)
    expected, notes = clipnal(made, unlabeled(made), 7)
    if not expected.near_tie:
        check(query, expected)
        assert notes.items() <= query.diagnostics[0].items()


@pytest.mark.parametrize("seed", range(4))
def test_among_some_candidates_in_any_order(seed: int) -> None:
    made = as_type(WORLDS["noise"](seed), np.float64)
    some = np.random.default_rng(seed).permutation(len(made))[:40]
    query = CLIPNAL().query(made.pool, made.labeled, 7, candidates=some)
    check(query, clipnal(made, sorted(set(some.tolist()) - made.answers.keys()), 7)[0])


def test_rounding_decides_nothing_here() -> None:
    worlds = [(WORLDS[kind](seed), b) for kind in WORLDS for seed, b in enumerate(BUDGETS)]
    precise = [(as_type(made, np.float64), budget) for made, budget in worlds]
    torn = [clipnal(made, unlabeled(made), budget)[0].near_tie for made, budget in precise]
    assert not any(torn)
