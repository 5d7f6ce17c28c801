"""What `Chain(copies=...)` does: copies of answered items, and of each other, are not asked."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from torch import Tensor

from openal._checks import as_number
from openal._copies import EmbeddingContent, ItemContent, first_equal, first_near
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.parts import Part, reads_of, signal
from openal.step import Step
from openal.view import PENDING, Rows, View

__all__ = ["SkipCopies", "as_copies", "copies_in"]


def as_copies(copies: Any) -> tuple["SkipCopies", ...]:
    """The stage that an option `copies` stands for; none for "ask"."""
    if isinstance(copies, str) and copies in ("ask", "skip"):
        return (SkipCopies(),) if copies == "skip" else ()
    if isinstance(copies, bool) or not isinstance(copies, int | float):
        raise ArgumentError(
            f"copies must be 'ask', 'skip' or the least cosine of near copies, such as 0.99; "
            f"got {copies!r:.60}."
        )
    return (SkipCopies(copies),)


@dataclass(frozen=True)
class SkipCopies(Part):
    """Leaves out copies of answered items, and all but the first of candidates that are the same.

    Where fewer are left than the budget, copies drawn by the seed fill up; the step counts them.

    Args:
        cosine: items whose embeddings have at least this cosine are copies too; None: no others.
        content: the name of the signal [N, ...] that is equal for copies.
        embeddings: the name of the signal [N, D] of near copies.
    """

    cosine: float | None = None
    _: KW_ONLY
    content: str = signal("content")
    embeddings: str | None = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cosine is None:
            object.__setattr__(self, "embeddings", None)
        else:
            as_number(self.cosine, "copies", above=0, maximum=1)

    @property
    def learners(self) -> tuple[Any, ...]:
        """The content of embeddings where there are any, else of items."""
        return EmbeddingContent(), ItemContent()

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates that are no copies, as they stand; then those that fill up."""
        answered = _answered(view)
        copied_from = self._copied_from(answered, view)  # places in both, one after another
        is_copy = copied_from != len(answered) + np.arange(len(view.pool))
        view.notes["copies"] = int(is_copy.sum())
        view.notes["copies_of_answered"] = int((copied_from < len(answered)).sum())
        drawn = view.random().argsort().numpy()
        missing = max(0, min(budget, len(is_copy)) - int((~is_copy).sum()))
        filling = drawn[is_copy[drawn]][:missing]
        rows = np.concatenate([np.flatnonzero(~is_copy), filling])
        return Step(self, view.pool.indices, rows, n_filled=len(filling))

    def _copied_from(self, answered: Rows, view: View) -> np.ndarray:
        """Of which answered item or earlier candidate each one is a copy; or its own place."""
        m, both = len(answered), np.concatenate([answered.indices, view.pool.indices])
        content = view.engine(_flat, Rows(both, view.pool.signals), (self.content,))
        first = first_equal(content.cpu().numpy())[m:]
        if self.cosine is None or self.embeddings is None:
            return first
        places = np.flatnonzero(first == m + np.arange(len(first)))
        kept = np.concatenate([answered.indices, view.pool.indices[places]])
        z = Rows(kept, view.pool.signals)[self.embeddings]
        near = first_near(z, self.cosine, given=m)[m:]
        first[places] = np.concatenate([np.arange(m), m + places])[near]
        return first


def _flat(values: Tensor) -> Tensor:
    """The content [n, k], block by block, without rounding; NumPy has not all types of torch."""
    wide = values.double() if values.is_floating_point() else values
    return wide.reshape(len(values), math.prod(values.shape[1:]))


def _answered(view: View) -> Rows:
    """All items with an answer, also those that were skipped."""
    rounds = [each.indices[each.labels != PENDING] for each in view.history]
    indices = np.concatenate([view.known.indices, view.invalid.indices, *rounds])
    return Rows(np.unique(indices), view.pool.signals)


def copies_in(pool: Any, cosine: float | None, progress: bool | None) -> np.ndarray:
    """The first item that each item of a pool is a copy of; an unreadable one is no copy."""
    view = pool.view(
        LabeledSet(len(pool), 1),
        reads=reads_of(stage := SkipCopies(cosine)),
        reader="Pool.copies()",
        defaults=stage.learners,
        progress=progress,
    )
    first = np.arange(len(pool))
    nothing = Rows(first[:0], view.pool.signals)
    first[view.pool.indices] = view.pool.indices[stage._copied_from(nothing, view)]
    return first
