"""CLIPNAL: the scale that agrees best with the answers, and the evidence for a pool."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.clipnal import Judge, as_published, drawn, in_numpy, in_torch, lean
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import tune_scale, yes_no_probabilities


def answers(n: int, classes: int, scales: int = 1000) -> Arrays:
    yes, no, visual = drawn(n, classes)
    is_known = torch.arange(n) % 3 > 0
    return {"yes": yes, "no": no, "visual": visual, "is_known": is_known, "budget": scales}


def tuned(yes: Tensor, no: Tensor, visual: Tensor, is_known: Tensor, budget: int) -> float:
    grid = torch.arange(1, budget + 1, dtype=torch.float64) / 10
    return tune_scale(yes, no, is_known, visual, grid).scale


def loop(
    yes: Tensor,
    no: Tensor,
    visual: Tensor,
    is_known: Tensor,
    budget: int,
    *,
    judge: Judge,
    evidence: Callable[..., Any],
) -> float:
    """One whole evaluation after another, over the scales 0.1, 0.2, ...; the first best wins."""
    arrays: list[Any] = [yes, no, visual]
    if evidence is in_numpy:
        arrays = [each.numpy() for each in arrays]
    truth, best, scale = is_known.numpy(), 0.0, 0.0
    for step in range(1, budget + 1):
        known, unknown = evidence(*arrays, step / 10)
        if (accuracy := judge(truth, np.asarray(known > unknown))) > best:
            best, scale = accuracy, step / 10
    return scale


def same_scale(mine: float, theirs: float, **_: Any) -> Agreement:
    return Agreement(mine == theirs, f"best scale {mine:g}, {theirs:g}")


def pool(n: int, classes: int) -> Arrays:
    yes, no, visual = drawn(n, classes)
    return {"yes": yes, "no": no, "visual": visual}


def scored(yes: Tensor, no: Tensor, visual: Tensor) -> tuple[Tensor, Tensor]:
    return yes_no_probabilities(yes, no, 9.0, visual)


def one_shot_numpy(yes: Tensor, no: Tensor, visual: Tensor) -> tuple[np.ndarray, np.ndarray]:
    return in_numpy(yes.numpy(), no.numpy(), visual.numpy(), 9.0)


def one_shot_torch(yes: Tensor, no: Tensor, visual: Tensor) -> tuple[Tensor, Tensor]:
    return in_torch(yes, no, visual, 9.0)


def same_evidence(mine: Any, theirs: Any, **_: Any) -> Agreement:
    both = zip(mine, theirs, strict=True)
    apart = max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in both)
    return Agreement(apart < 1e-6, f"evidence to {apart:.0e}")


def tuning_work(n: int, classes: int) -> Work:
    """The arrays for each of 1000 scales, which a search by halves need not read."""
    return Work(bytes=1000 * 12 * n * classes)


def scoring_work(n: int, classes: int) -> Work:
    return Work(bytes=12 * n * classes)


STEPS = (5, 25)
ROWS = [
    Row(
        "tune_scale",
        answers,
        tuned,
        {
            "NumPy loop, authors' measures": Peer(
                partial(loop, judge=as_published, evidence=in_numpy), steps=STEPS
            ),
            "torch loop, balanced accuracy alone": Peer(
                partial(loop, judge=lean, evidence=in_torch), steps=STEPS
            ),
        },
        same_scale,
        tuning_work,
        toy={"n": 60, "classes": 3, "scales": 100},
        quick={"n": 1_000, "classes": 10},
        full={"n": 5_000, "classes": 40},
    ),
    Row(
        "yes_no_probabilities",
        pool,
        scored,
        {"torch, as written": Peer(one_shot_torch), "NumPy, as written": Peer(one_shot_numpy)},
        same_evidence,
        scoring_work,
        toy={"n": 100, "classes": 5},
        quick={"n": 50_000, "classes": 100},
        full={"n": 1_000_000, "classes": 100},
    ),
]
