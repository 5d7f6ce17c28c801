"""One narrowing: what a stage saw, how it scored that, what it kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from openal._checks import first_bad_row
from openal._ties import best_rows
from openal.errors import ScoreError
from openal.view import Score, View

__all__ = ["Diagnostics", "Stage", "Step", "best_rows", "evaluate"]


@dataclass(frozen=True, eq=False)
class Step:
    """What one stage saw, how it scored that, and what it kept.

    `stage` is the part that chose; `seen` int64 [n] are the global indices of its candidates and
    `rows` int64 [m] the places in `seen` of those it kept, best first. `scores` [n] are aligned
    with `seen`, or None where the stage has none. `n_filled` counts what was kept only to reach the
    budget. `notes` is what the parts of this stage tell: a tuned scale, its balanced accuracy, the
    `seconds` it took.
    """

    stage: Any
    seen: np.ndarray
    rows: np.ndarray
    scores: Tensor | None = None
    n_filled: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> np.ndarray:
        """The indices [m] that were kept, best first."""
        kept: np.ndarray = self.seen[self.rows]
        return kept


class Stage(Protocol):
    """Anything that narrows: keeps at least `min(budget, n)` of the n candidates of a view.

    A stage that never keeps more says so with an attribute `narrows_to_budget = True`: nothing
    that follows could choose.
    """

    def __call__(self, view: View, budget: int) -> Step:
        """The step from the candidates of the view to those that are kept."""


class Diagnostics(Mapping[int | str, Any]):
    """What each stage of a query tells, by its depth: `diagnostics[0]["scale"]`.

    A note that one stage made can be had by its name alone, `diagnostics["scale"]`. One that
    several made, as all do of their `seconds`, comes by their names: {"0 Filter": 3.0, ...}.

    >>> notes = Diagnostics([{"stage": "Filter", "scale": 3.0}, {"stage": "Top", "factor": 2}])
    >>> notes[0]["scale"], notes["factor"]
    (3.0, 2)
    """

    def __init__(self, notes: Sequence[Mapping[str, Any]]) -> None:
        self._notes = tuple(notes)

    def __getitem__(self, key: int | str) -> Any:
        if not isinstance(key, str):
            return dict(enumerate(self._notes))[key]
        told = {
            f"{depth} {notes['stage']}": notes[key]
            for depth, notes in enumerate(self._notes)
            if key in notes
        }
        if not told and key != "seconds":
            raise KeyError(key)
        return told if len(told) != 1 or key == "seconds" else next(iter(told.values()))

    def __iter__(self) -> Iterator[int | str]:
        return iter(range(len(self._notes)))

    def __len__(self) -> int:
        return len(self._notes)

    def __repr__(self) -> str:
        return f"Diagnostics({list(self._notes)!r})"


def evaluate(score: Score, view: View) -> Tensor:
    """The scores [n] of the candidates, or a ScoreError that names the score and the index."""
    scores = score(view)
    if not isinstance(scores, Tensor) or scores.shape != (len(view.pool),):
        found = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ScoreError(f"{score!r} must return a tensor [{len(view.pool)}], got {found}.")
    if scores.is_complex():
        raise ScoreError(f"{score!r} must give real numbers, got {scores.dtype}.")
    scores = scores.detach() if scores.dtype != torch.bool else scores.byte()
    row = first_bad_row(scores)
    if row is not None:
        index, value = view.pool.indices[row], float(scores[row])
        raise ScoreError(f"{score!r} gives {value} at index {index}; scores must be finite.")
    return scores
