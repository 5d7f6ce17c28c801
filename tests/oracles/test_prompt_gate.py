"""PromptGate's whole query in NumPy: texts tuned by SciPy's minimizer, the gate, the entropies."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from openal.labeled import UNKNOWN
from openal.strategies import PromptGate
from openal.testing import World
from tests.oracles.comparing import (
    BUDGETS,
    WORLDS,
    Expected,
    check,
    draws,
    is_near_tie,
    ranked,
    unlabeled,
)
from tests.walking import walked

KINDS = ("plain", "one class", "noise", "every item twice", "no unknown answers")
BARE = ("no known answers", "a class without answers", "no answers")
CASES: dict[str, int] = {"one other text": 1, "three other texts": 3}


def texts_of(made: World, others: int, seed: int) -> np.ndarray:
    """The first K rows are near the classes, the rest anywhere."""
    rng, z = np.random.default_rng(seed), made.signals["embeddings"].astype(float)
    near = [z[made.hidden == c].mean(axis=0) for c in range(made.num_classes)]
    rows = np.concatenate([near, rng.normal(size=(others, z.shape[1]))])
    noisy: np.ndarray = rows + 0.3 * rng.normal(size=rows.shape)
    return noisy.astype("f4")


def unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(float)
    scaled: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def tuned(made: World, texts: np.ndarray) -> np.ndarray:
    """100 times the texts, plus the residuals with the least cross-entropy and decay."""
    base, k = 100 * unit(texts), made.num_classes
    answers = {i: label for i, label in made.answers.items() if label >= UNKNOWN}
    if not answers:
        return base
    z = unit(made.signals["embeddings"][[*answers]])
    hit = np.zeros((len(z), len(base)), bool)  # which texts say what was answered
    for row, label in zip(hit, answers.values(), strict=True):
        row[slice(k, None) if label == UNKNOWN else label] = True

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        residuals = flat.reshape(base.shape)
        logits = z @ (base + residuals).T
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = odds / odds.sum(axis=1, keepdims=True)
        own = (p * hit).sum(axis=1, keepdims=True)
        gradient = (p - p * hit / own).T @ z / len(z) + 0.003 * residuals
        return -np.log(own).mean() + 0.0015 * (flat**2).sum(), gradient.ravel()

    start = np.zeros(base.size)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    best: np.ndarray = base + found.x.reshape(base.shape)
    return best


def entropy(logits: np.ndarray) -> float:
    powers = [math.exp(float(z) - float(logits.max())) for z in logits]
    shares = [p / sum(powers) for p in powers]
    return -sum(p * math.log(p) for p in shares if p > 0)


def prompt_gate(made: World, rows: list[int], budget: int, logits: np.ndarray) -> Expected:
    """The query among `rows`, ascending, given the logits [N, K + M] of the texts."""
    budget, k = min(budget, len(rows)), made.num_classes
    purity = {i: float(logits[i, :k].max() - logits[i, k:].max()) for i in rows}
    passed = [i for i in rows if purity[i] > 0]
    kept = ranked(rows, purity)[: max(len(passed), budget)]
    if all(label < 0 for label in made.answers.values()):
        kept = ranked(kept, draws(made.labeled, kept, 1))[:budget]
    informative = {i: entropy(made.signals["logits"][i]) for i in kept}
    asked = ranked(kept, informative)
    torn = is_near_tie(asked, informative, budget, 1e-6)
    torn = torn or min(abs(x) for x in purity.values()) < 0.02
    torn = torn or (len(passed) < budget and is_near_tie(kept, purity, budget, 0.02))
    filled = max(0, budget - len(passed))
    return Expected(asked[:budget], purity, informative, filled, near_tie=torn)


def compared(query: Any, expected: Expected, abs_tol: float) -> None:
    """As `check`, but for a minimizer's tolerance in the purity."""
    found = query.indices.tolist()
    wanted = [expected.purity[i] for i in found]
    assert query.purity.tolist() == pytest.approx(wanted, abs=abs_tol)
    assert expected.near_tie or found == expected.indices
    assert expected.near_tie or query.n_filled == expected.n_filled


@walked
@pytest.mark.parametrize("others", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", [*KINDS, *BARE])
def test_the_query_is_that_of_the_definition(kind: str, others: int) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS.get(kind, WORLDS["noise"])(seed)
        made = made.answered({}) if kind == "no answers" else made
        texts = texts_of(made, others, seed)
        pair = torch.from_numpy(texts[: made.num_classes]), torch.from_numpy(texts[-others:])
        alone = {name: made.signals[name] for name in ("embeddings", "logits")}
        query = PromptGate(pair).query(made.offering(alone).pool, made.labeled, budget, seed=0)
        logits = unit(made.signals["embeddings"]) @ tuned(made, texts).T
        compared(query, prompt_gate(made, unlabeled(made), budget, logits), 0.02)


@walked
@pytest.mark.parametrize("kind", [kind for kind in WORLDS if kind != "no known answers"])
def test_logits_that_the_pool_offers_are_taken_as_they_are(kind: str) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS[kind](seed)
        query = PromptGate().query(made.pool, made.labeled, budget, seed=0)
        logits = made.signals["prompt_logits"].astype(float)
        check(query, prompt_gate(made, unlabeled(made), budget, logits))
