"""KnownKMeans's whole query in NumPy: kernel, detector, weights, clusters, picks."""

from typing import Any

import numpy as np
import pytest
import torch

from openal._seeds import derived_seed
from openal.labeled import UNKNOWN
from openal.strategies import KnownKMeans
from openal.testing import World, world
from tests.oracles.comparing import BUDGETS, WORLDS, Expected, check, unlabeled
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "light": {"detector": False},
    "over-clustered": {"clusters": 2.0},
    "light, over-clustered": {"detector": False, "clusters": 1.5},
}
WIDTHS, WEIGHTS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3), (0.003, 0.01, 0.03, 0.1, 0.3)


def kernel_of(z: np.ndarray, r: np.ndarray) -> tuple[float, float]:
    """The width and the prior weight under which each answer is likeliest, given the others."""
    m = len(r)
    if m < 8 or r.all() or not r.any():
        return 0.1, 0.003
    best = (-np.inf, 0.1, 0.003)
    for tau in WIDTHS:
        kernel = np.exp((z @ z.T - 1) / tau) * (1 - np.eye(m))
        for a in WEIGHTS:
            p = (a * (r.sum() + 1) / (m + 2) + kernel @ r) / (a + kernel.sum(axis=1))
            likelihood = float(np.log(np.where(r, p, 1 - p)).sum())
            best = max(best, (likelihood, tau, a), key=lambda each: each[0])
    return best[1], best[2]


def share(e: np.ndarray, z: np.ndarray, r: np.ndarray) -> np.ndarray:
    """The posterior mean of known at each row of e."""
    tau, a = kernel_of(z, r)
    kernel = np.exp((e @ z.T - 1) / tau)
    every, known = kernel.sum(axis=1), kernel @ r
    w, pi = every / (a + every), 0.5
    if not r.all():
        pi = (1 + (w * known / every).sum()) / (2 + w.sum())
    p: np.ndarray = (a * pi + known) / (a + every)
    return p


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: np.ndarray = odds / odds.sum(axis=1, keepdims=True)
    return chances


def purity(made: World, rows: list[int], e: np.ndarray, detector: bool) -> np.ndarray:
    answers = {i: label for i, label in sorted(made.answers.items()) if label >= UNKNOWN}
    r = np.array([label >= 0 for label in answers.values()], dtype=bool)
    p = share(e[rows], e[[*answers]], r).astype(np.float32).astype(float)
    if detector and r.any() and not r.all():
        logits = made.signals["detector_logits"][rows].astype(float)
        p = np.sqrt(p * (1 - softmax(logits)[:, -1]))
    return p


def margin(made: World, rows: list[int]) -> np.ndarray:
    if max(made.answers.values(), default=-1) < 0 or made.num_classes < 2:
        return np.ones(len(rows))
    top = np.sort(softmax(made.signals["logits"][rows].astype(float)), axis=1)
    gap: np.ndarray = 1 - (top[:, -1] - top[:, -2])
    return gap


def clustered(
    x: np.ndarray, w: np.ndarray, count: int, rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of each row after ten steps, and all squared distances to the centers."""
    seed = derived_seed(0, rounds, 1)  # the second stage
    drawn = torch.rand(len(w), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with np.errstate(divide="ignore"):
        keys = np.log(w) - np.log(-np.log(1 - drawn.numpy()))
    centers = x[np.argsort(-keys, kind="stable")[:count]]
    for _ in range(10):
        squared = ((x[:, None] - centers) ** 2).sum(axis=2)
        owner = squared.argmin(axis=1)
        masses = np.array([w[owner == c].sum() for c in range(count)])
        sums = np.array([(w[owner == c, None] * x[owner == c]).sum(axis=0) for c in range(count)])
        centers = np.where(masses[:, None] > 0, sums / np.maximum(masses, 1e-300)[:, None], centers)
    squared = ((x[:, None] - centers) ** 2).sum(axis=2)
    return squared.argmin(axis=1), squared


def near(values: np.ndarray) -> bool:
    """Whether two of the values are so near that rounding may decide, and are not copies."""
    gaps = np.diff(np.sort(values))
    return bool(((gaps > 0) & (gaps < 1e-5 * max(1.0, np.abs(values).max()))).any())


def known_k_means(
    made: World, rows: list[int], budget: int, *, detector: bool = True, clusters: float = 1.0
) -> Expected:
    """The query among `rows`, ascending, by the definition."""
    count = min(int(np.ceil(clusters * budget)), len(rows))
    budget = min(budget, len(rows))
    indices = [i for i in range(len(made)) if made.answers.get(i, 0) >= UNKNOWN]
    e = made.signals["embeddings"].astype(float)
    e = e - e[indices].mean(axis=0)
    e = e / np.linalg.norm(e, axis=1, keepdims=True)
    p = purity(made, rows, e, detector)
    w = (p**2 if clusters == 1 else p) * margin(made, rows)
    owner, squared = clustered(e[rows], w, count, len(made.labeled.history))
    d = squared.min(axis=1)
    value = np.log(p) - 2 * d / d.mean()
    best = {c: int(np.flatnonzero(owner == c)[value[owner == c].argmax()]) for c in {*owner}}
    mass = {c: w[owner == c].sum() * (p[best[c]] if clusters > 1 else 1) for c in best}
    asked = [best[c] for c in sorted(best, key=lambda c: (-mass[c], -value[best[c]]))][:budget]
    others = [i for i in np.argsort(-w, kind="stable") if i not in asked]
    filled = budget - len(asked)
    second = np.sort(squared, axis=1)[:, :2]
    unsure = count > 1 and bool((np.ptp(second, axis=1) < 1e-4).any())
    return Expected(
        [rows[i] for i in [*asked, *others[:filled]]],
        purity=dict(zip(rows, p, strict=True)),
        n_filled=filled,
        near_tie=unsure or near(value) or near(np.array([*mass.values()])),
    )


@walked
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", WORLDS)
def test_the_query_is_the_definitions(kind: str, case: str, budget: int, seed: int) -> None:
    made, options = WORLDS[kind](seed), CASES[case]
    query = KnownKMeans(**options).query(made.pool, made.labeled, budget, seed=0, progress=False)
    check(query, known_k_means(made, unlabeled(made), budget, **options))


def test_few_worlds_are_near_a_tie() -> None:
    near_ties = [known_k_means(made, unlabeled(made), 9).near_tie for made in map(world, range(20))]
    assert sum(near_ties) < 10
