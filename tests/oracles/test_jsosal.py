"""JSOSAL's whole query in NumPy: a variational mixture from Bishop's equations, then entropy."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import digamma, gammaln

from openal.strategies import JSOSAL
from openal.testing import World
from tests.oracles.comparing import (
    BUDGETS,
    KINDS,
    WORLDS,
    Expected,
    Scores,
    check,
    in_turn,
    is_near_tie,
    ranked,
    remembered,
    unlabeled,
    upper_half,
)
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "three times the budget": {"factor": 3.0},
    "1.5 times the budget": {"factor": 1.5},
    "once the budget": {"factor": 1.0},
    "entropy of the detector": {"entropy": "detector"},
    "entropy of its known outputs": {"entropy": "detector_known"},
    "without entropy": {"entropy": None},
}
CONCENTRATION, TRUST, FREEDOM = 10.0, 0.01, 1.0  # priors: Dirichlet, of means, of precisions


class Posterior:
    """q(weights, means, precision) given the shares [2, n] of x: Bishop, 10.58-10.63, in 1-D.

    The precision is shared: it learns from half of what both components have seen.
    """

    def __init__(self, x: np.ndarray, shares: np.ndarray) -> None:
        counts = shares.sum(axis=1) + 1e-15
        means = shares @ x / counts
        scatter = (shares * (x - means[:, None]) ** 2).sum() + 5e-4 * len(x)
        self.alpha, self.beta = CONCENTRATION + counts, TRUST + counts
        self.mean = counts * means / self.beta  # the prior mean is that of x, 0
        self.nu = FREEDOM + len(x) / 2
        pull = (TRUST * counts / self.beta * means**2).sum()
        self.w = 1 / (x.var(ddof=1) + (scatter + pull) / 2)  # 10.62

    def shares(self, x: np.ndarray) -> np.ndarray:
        """Responsibilities [2, n]: 10.46 and 10.64-10.66."""
        log_weight = digamma(self.alpha) - digamma(self.alpha.sum())
        log_precision = digamma(self.nu / 2) + math.log(2 * self.w)
        squares = 1 / self.beta[:, None] + self.nu * self.w * (x - self.mean[:, None]) ** 2
        rho = log_weight[:, None] + (log_precision - squares) / 2
        rho = np.exp(rho - rho.max(axis=0))
        found: np.ndarray = rho / rho.sum(axis=0)
        return found

    def bound(self, shares: np.ndarray) -> float:
        """The evidence bound right after this update, less a constant: 10.70-10.77."""
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum()
        dirichlet = gammaln(self.alpha).sum() - gammaln(self.alpha.sum())
        wishart = self.nu / 2 * math.log(2 * self.w) + gammaln(self.nu / 2)
        return float(entropy + dirichlet + 2 * wishart - np.log(self.beta).sum() / 2)


def posterior(values: np.ndarray) -> np.ndarray:
    """How likely each value is of the component with the larger mean."""
    if len(values) < 2 or np.ptp(values) == 0:
        return np.full(len(values), 0.5)
    x = (values - values.mean()) / values.std()
    q, before = Posterior(x, np.stack([1 - upper_half(x), upper_half(x)])), -np.inf
    for _ in range(200):
        shares = q.shares(x)
        q = Posterior(x, shares)
        bound = q.bound(shares)
        if abs(bound - before) < 1e-3:
            break
        before = bound
    upper: np.ndarray = q.shares(x)[int(q.mean.argmax())]
    return upper


def entropy(logits: np.ndarray) -> float:
    powers = [math.exp(float(z) - float(logits.max())) for z in logits]
    return -math.fsum(p / sum(powers) * math.log(p / sum(powers)) for p in powers)


@remembered
def purity_of(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The purity, and how far rounding may move it."""
    value, group = logits[:, :-1].max(axis=1), logits[:, :-1].argmax(axis=1)
    group[logits[:, -1] > value] = -1  # predicted unknown
    score, rounding = np.zeros((2, len(logits)))
    for each in np.unique(group):
        x = value[group == each]
        z = (x - x.mean()) / (x.std() or 1.0)
        p = posterior(x) if each >= 0 else np.zeros(len(x))
        # A hair: of equals first the predicted known, then the larger relative to its group.
        score[group == each] = p + 1e-9 * ((1 + z / (1 + abs(z))) / 4 + (each >= 0) / 2 - p)
        rounding[group == each] = 1e-7 * p * (1 - p) + 4e-16
    return score, rounding


def jsosal(
    made: World,
    rows: list[int],
    budget: int,
    *,
    factor: float = 2.0,
    entropy_of: str | None = "classifier",
) -> Expected:
    """The query among `rows`, ascending."""
    budget = min(budget, len(rows))
    detector = made.signals["detector_logits"].astype(np.float64)
    score, rounding = (
        dict(zip(rows, each.tolist(), strict=True)) for each in purity_of(detector[rows])
    )
    order = ranked(rows, score)
    if entropy_of is None:
        near_tie = is_near_tie(order, score, budget, rounding)
        return Expected(order[:budget], score, near_tie=near_tie)
    kept = order[: math.ceil(factor * budget)]
    near_tie = is_near_tie(order, score, len(kept), rounding)
    read = {"detector": detector, "detector_known": detector[:, :-1]}
    logits = read[entropy_of] if entropy_of in read else made.signals["logits"].astype(np.float64)
    uneven: Scores = {index: round(entropy(logits[index]), 12) for index in rows}
    asked = ranked(kept, uneven)
    near_tie = near_tie or is_near_tie(asked, uneven, budget, 1e-6)
    return Expected(asked[:budget], score, uneven, near_tie=near_tie)


def options_of(strategy: JSOSAL) -> dict[str, Any]:
    return {"factor": strategy.factor, "entropy_of": strategy.entropy}


@walked
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:.* keeps no more than the budget:UserWarning")
def test_the_query_is_that_of_the_equations(kind: str, case: str) -> None:
    for seed, budget in in_turn(CASES, case, kind):
        made = WORLDS.get(kind, WORLDS["noise"])(seed)
        made = made.answered({}) if kind == "no answers" else made
        strategy = JSOSAL(**CASES[case])
        query = strategy.query(made.pool, made.labeled, budget)
        check(query, jsosal(made, unlabeled(made), budget, **options_of(strategy)))


@pytest.mark.parametrize("seed", range(4))
def test_among_some_candidates_in_any_order(seed: int) -> None:
    made = WORLDS["noise"](seed)
    some = np.random.default_rng(seed).permutation(len(made))[:40]
    query = JSOSAL().query(made.pool, made.labeled, 7, candidates=some)
    check(query, jsosal(made, sorted(set(some.tolist()) - made.answers.keys()), 7))


def test_rounding_decides_nothing_here() -> None:
    worlds = [(WORLDS[kind](seed), b) for kind in WORLDS for seed, b in enumerate(BUDGETS)]
    torn = [jsosal(made, unlabeled(made), budget).near_tie for made, budget in worlds]
    assert not any(torn)
