"""A view narrowed stage by stage, and what the scores on the way were."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from openal._skip_copies import SkipCopies
from openal.errors import ScoreError
from openal.parts import Part, role_of
from openal.step import Stage, Step
from openal.view import View

__all__ = ["narrowed", "scores_at"]


def narrowed(view: View, stages: tuple[Stage, ...], budget: int) -> tuple[View, list[Step]]:
    """The view that the stages leave, and their steps; each step has the notes of its own parts.

    Cold start: where no item of a known class is answered, no stage has put the candidates in
    order, and a part's scores are all equal, it sees the candidates in an order drawn by the seed.
    """
    n, steps = len(view.pool), []
    ordered = len(view.known) > 0 or _moved(view.pool.indices)
    uncounted = 0  # the numbers that stages draw are those of a chain that asks copies
    for place, stage in enumerate(stages if n else ()):
        started = perf_counter()
        inner = replace(view, depth=place - uncounted, notes={})
        uncounted += isinstance(stage, SkipCopies)
        step = stage(inner, budget)
        if not ordered and _tells_nothing(step):
            step = stage(inner.at(inner.random().argsort()), budget)
        _require_rows(stage, step.rows, len(view.pool), min(budget, n))
        ordered = ordered or _moved(step.kept) or _best_first(step)
        view = replace(view, pool=replace(view.pool, indices=step.kept))
        steps.append(replace(step, notes={**inner.notes, "seconds": perf_counter() - started}))
    return view, steps


def _tells_nothing(step: Step) -> bool:
    """Whether the scores of a part are all equal: the order of a file would then decide."""
    score, scores = getattr(step.stage, "score", None), step.scores
    of_a_part = isinstance(score, Part) or hasattr(score, "scores")
    return of_a_part and scores is not None and bool((scores == scores[0]).all())


def _moved(indices: np.ndarray) -> bool:
    """Whether they stand otherwise than in the file."""
    return bool((np.diff(indices) < 0).any())


def _best_first(step: Step) -> bool:
    """Whether what is left was chosen or stands by scores that differ, though as in the file."""
    if step.scores is None or bool((step.scores == step.scores[0]).all()):
        return False
    kept = step.scores[torch.from_numpy(step.rows).to(step.scores.device)]
    return len(kept) < len(step.scores) or bool((kept[1:] <= kept[:-1]).all())


def _require_rows(stage: Stage, rows: np.ndarray, n: int, least: int) -> None:
    if len(rows) < least:
        raise ScoreError(f"{stage!r} must keep {least} of {n}, kept {len(rows)}.")
    if len(np.unique(rows)) < len(rows) or rows.min() < 0 or rows.max() >= n:
        raise ScoreError(f"{stage!r} must keep distinct rows of 0..{n - 1}.")


def scores_at(indices: np.ndarray, steps: list[Step], role: str | None = None) -> Tensor | None:
    """The last scores of that role (or of any) at `indices`, float32 on the CPU, or None."""
    for step in reversed(steps):
        if step.scores is not None and role in (None, role_of(step.stage)):
            order = np.argsort(step.seen)
            rows = order[np.searchsorted(step.seen, indices, sorter=order)]
            # A float64 beyond the largest float32 would come out infinite.
            largest = torch.finfo(torch.float32).max
            scores = step.scores.cpu()[torch.from_numpy(rows)].double()
            return scores.clamp(-largest, largest).float()
    return None
