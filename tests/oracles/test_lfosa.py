"""LfOSA's whole query in NumPy: activations by predicted class, EM from its equations, ranks."""

from typing import Any

import numpy as np
import pytest

from openal.strategies import LfOSA
from openal.testing import World, world
from tests.oracles.comparing import (
    BUDGETS,
    WORLDS,
    Expected,
    check,
    is_near_tie,
    ranked,
    unlabeled,
    upper_half,
)
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "one variance": {"tied": True},
    "without mixture": {"mixture": False},
    "binary": {"detector": "binary"},
    "binary, one variance": {"detector": "binary", "tied": True},
    "binary, without mixture": {"detector": "binary", "mixture": False},
    "without detector": {"detector": None},
    "without detector or mixture": {"detector": None, "mixture": False},
}
SIGNALS = {"classes": "detector_logits", "binary": "binary_logits", None: "logits"}
Bells = tuple[np.ndarray, np.ndarray, np.ndarray]


def m_step(x: np.ndarray, shares: np.ndarray, tied: bool) -> Bells:
    """The weights, means and variances of two Gaussians that own shares [2, n] of the values."""
    counts, weights = shares.sum(axis=1), shares.mean(axis=1)
    means = shares @ x / counts
    variances = (shares * (x - means[:, None]) ** 2).sum(axis=1) / counts
    return weights, means, (np.full(2, weights @ variances) if tied else variances) + 5e-4


def e_step(x: np.ndarray, bells: Bells) -> tuple[np.ndarray, float]:
    """The share of each Gaussian in each value, and the mean log-likelihood."""
    weights, means, variances = (each[:, None] for each in bells)
    density = np.exp(-((x - means) ** 2) / 2 / variances) / np.sqrt(2 * np.pi * variances)
    joint = weights * density
    return joint / joint.sum(axis=0), float(np.log(joint.sum(axis=0)).mean())


def posterior(x: np.ndarray, tied: bool) -> np.ndarray:
    """How likely each value is of the component with the larger mean: at most ten steps of EM."""
    if len(x) < 2 or np.ptp(x) == 0:
        return np.full(len(x), 0.5)
    bells, before = m_step(x, np.stack([1 - upper_half(x), upper_half(x)]), tied), -np.inf
    for _ in range(10):
        shares, likelihood = e_step(x, bells)
        bells = m_step(x, shares, tied)
        if abs(likelihood - before) < 1e-2:
            break
        before = likelihood
    upper: np.ndarray = e_step(x, bells)[0][int(bells[1].argmax())]
    return upper


def lfosa(
    made: World,
    rows: list[int],
    budget: int,
    *,
    detector: str | None = "classes",
    mixture: bool = True,
    tied: bool = False,
) -> Expected:
    """The query among `rows`, ascending."""
    budget = min(budget, len(rows))
    logits = made.signals[SIGNALS[detector]][rows].astype(np.float64)
    known = logits if detector is None else logits[:, :-1]
    value, group = known.max(axis=1), known.argmax(axis=1)
    if detector is not None:
        group[logits[:, -1] > value] = -1  # predicted unknown
    score, spread = value - (group < 0) * (1 + np.ptp(value)), np.zeros(len(rows))
    for each in np.unique(group) if mixture else ():
        x = value[group == each]
        z = (x - x.mean()) / (x.std() or 1.0)
        p = posterior(x, tied) if each >= 0 else np.zeros(len(x))
        spread[group == each] = p * (1 - p)
        # A hair: of equals first the predicted known, then the larger relative to its group.
        score[group == each] = p + 1e-9 * ((1 + z / (1 + abs(z))) / 4 + (each >= 0) / 2 - p)
    purity = dict(zip(rows, score.tolist(), strict=True))
    asked = ranked(rows, purity)
    rounding = dict(zip(rows, (1e-7 * spread + 4e-16).tolist(), strict=True))
    near_tie = is_near_tie(asked, purity, budget, rounding)
    return Expected(asked[:budget], purity, near_tie=near_tie)


@walked
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", [*WORLDS, "no answers"])
def test_the_query_is_that_of_the_equations(kind: str, options: dict[str, Any]) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS.get(kind, WORLDS["noise"])(seed)
        made = made.answered({}) if kind == "no answers" else made
        query = LfOSA(**options).query(made.pool, made.labeled, budget)
        check(query, lfosa(made, unlabeled(made), budget, **options))


@pytest.mark.parametrize("seed", range(4))
def test_among_some_candidates_in_any_order(seed: int) -> None:
    made = WORLDS["noise"](seed)
    some = np.random.default_rng(seed).permutation(len(made))[:40]
    query = LfOSA().query(made.pool, made.labeled, 9, candidates=some)
    check(query, lfosa(made, sorted(set(some.tolist()) - made.answers.keys()), 9))


def long_tails(rng: np.random.Generator, n: int) -> np.ndarray:
    """EM takes all of its steps on some of these."""
    return np.exp(2 * rng.normal(size=n))


def evenly_spaced(rng: np.random.Generator, n: int) -> np.ndarray:
    """Of an odd number there are two best splits into halves."""
    return rng.permutation(n) / 4


@walked
@pytest.mark.parametrize("drawn", [long_tails, evenly_spaced])
@pytest.mark.parametrize("seed", range(12))
def test_activations_of_other_shapes(seed: int, drawn: Any) -> None:
    made = world(seed, size=145, num_classes=1)
    rows, logits = unlabeled(made), np.full((145, 2), -9.0)
    logits[rows, 0] = drawn(np.random.default_rng(seed), len(rows))
    made = made.offering({"detector_logits": logits})
    check(LfOSA().query(made.pool, made.labeled, 145), lfosa(made, rows, 145))


def test_rounding_decides_nothing_here() -> None:
    worlds = [(WORLDS[kind](seed), b) for kind in WORLDS for seed, b in enumerate(BUDGETS)]
    torn = [lfosa(made, unlabeled(made), budget).near_tie for made, budget in worlds]
    assert not any(torn)
