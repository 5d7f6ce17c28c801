"""A query strategy is a chain of narrowings; a narrowing is a score and a rule."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, first_bad_row
from openal._contexts import own_contexts
from openal._seeds import as_seed
from openal.errors import ArgumentError, MissingPackageError, ScoreError
from openal.labeled import LabeledSet
from openal.pool import Frozen, Learner, Pool
from openal.view import Score, View, reads_of

__all__ = ["Chain", "Query", "QueryStrategy", "Stage", "Step", "as_score", "best_rows", "evaluate"]


@dataclass(frozen=True, eq=False)
class Step:
    """What one stage saw, how it scored that, and what it kept."""

    stage: Any
    seen: np.ndarray  # int64 [n], global indices
    rows: np.ndarray  # int64 [m], into `seen`, best first
    scores: Tensor | None = None  # [n], aligned with `seen`; None where there is no score
    n_filled: int = 0  # how many were kept only to reach the budget

    @property
    def kept(self) -> np.ndarray:
        """The indices [m] that were kept, best first."""
        kept: np.ndarray = self.seen[self.rows]
        return kept


class Stage(Protocol):
    """Anything that narrows: keeps at least `min(budget, n)` of the n candidates of a view."""

    def __call__(self, view: View, budget: int) -> Step:
        """The step from the candidates of the view to those that are kept."""


@dataclass(frozen=True, eq=False)
class Query:
    """What to ask next, and why.

    `purity` and `informativeness` are the last such scores of the chain, aligned with `indices`,
    or None where the chain has none; `scores` are those of the last stage that scores.
    """

    indices: np.ndarray  # int64 [b], global, best first
    scores: Tensor | None
    purity: Tensor | None
    informativeness: Tensor | None
    steps: tuple[Step, ...] = field(repr=False)
    n_candidates: int
    n_filled: int
    diagnostics: Mapping[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices.tolist())

    def to_frame(self) -> Any:
        """A pandas frame with a row per index; pandas is an extra: `pip install openal[frame]`."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingPackageError("to_frame() needs pandas: pip install pandas.") from error
        names = ("scores", "purity", "informativeness")
        columns = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return pd.DataFrame({"index": self.indices, **{k: v.numpy() for k, v in columns.items()}})


@runtime_checkable
class QueryStrategy(Protocol):
    """Anything that can say which items to ask about next."""

    def query(
        self,
        pool: Pool,
        labeled: LabeledSet,
        budget: int,
        *,
        model: Callable[[Tensor], Any] | Frozen | None = None,
        candidates: Any = None,
        seed: int | torch.Generator | None = None,
        progress: bool | None = None,
    ) -> Query:
        """Exactly `min(budget, number of unlabeled candidates)` indices, best first."""


class Chain:
    """Stages one after another; the last one's best are the query. A chain may hold chains.

    >>> from openal.purity import KnownNeighbors
    >>> from openal.informativeness import Entropy
    >>> from openal.selection import Filter, Top
    >>> Chain(Filter(KnownNeighbors(k=20), above=0.5), Top(Entropy())).reads
    ('embeddings', 'logits')
    """

    _parts: tuple[Any, ...] = ()

    def __init__(self, *stages: Any) -> None:
        if not stages:
            raise ArgumentError("stages must be one or more, got none.")
        for stage in stages:
            if not isinstance(stage, Chain):
                _require_stage(stage)
        self._parts = stages

    def __post_init__(self) -> None:
        """Refuse options that cannot be: the parts of a strategy know their own."""
        _ = self.learners, self.reads

    @property
    def stages(self) -> tuple[Any, ...]:
        """The stages in order; those of inner chains stand in their place."""
        inner = (part.stages if isinstance(part, Chain) else (part,) for part in self._parts)
        return tuple(stage for stages in inner for stage in stages)

    @property
    def learners(self) -> tuple[Learner, ...]:
        """Learners for signals that the pool may not offer, the preferred one first."""
        return tuple(each for part in self._parts for each in getattr(part, "learners", ()))

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the signals that the stages read, sorted."""
        return reads_of(self)

    def query(
        self,
        pool: Pool,
        labeled: LabeledSet,
        budget: int,
        *,
        model: Callable[[Tensor], Any] | Frozen | None = None,
        candidates: Any = None,
        seed: int | torch.Generator | None = None,
        progress: bool | None = None,
    ) -> Query:
        """Exactly `min(budget, number of unlabeled candidates)` indices, best first.

        They do not depend on torch's default device and number type, which a model, a learner or
        a score of your own sees as they are.

        Args:
            pool: N items and their signals.
            labeled: the answers so far; not changed.
            budget: how many answers to ask for, at least 1.
            model: a network or callable that offers `logits` and `features` from one pass over
                the items that are read, or a trained learner.
            candidates: indices to choose among; by default all that are unlabeled.
            seed: an int, a generator (advanced by one draw) or None for a fresh one.
            progress: False for no bar; by default a bar on a terminal.

        Raises:
            ArgumentError: a budget, candidates or a model that cannot be right.
            MissingSignalError: a signal that nobody offers, before anything is trained.
            ScoreError: a score that is not finite; the message names the stage and the index.
        """
        budget, seed = as_count(budget, "budget", minimum=1), as_seed(seed)
        with own_contexts():
            view = pool.view(
                labeled,
                reads=self.reads,
                reader=type(self).__name__,
                defaults=self.learners,
                model=model,
                candidates=candidates,
                seed=seed,
                progress=progress,
            )
            return _query(view, self.stages, budget)

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self._parts))})"

    def __eq__(self, other: object) -> bool:
        return type(other) is Chain and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)


def _require_stage(stage: Any) -> None:
    if not callable(stage):
        raise ArgumentError(f"stages must be stages or chains, got {stage!r}.")
    try:
        inspect.signature(stage).bind("view", "budget")
    except TypeError as error:
        raise ArgumentError(f"{stage!r} is no stage; a score stands in one: Top(score).") from error


def as_score(score: Any, argument: str = "score") -> Score:
    """The score, or an ArgumentError where it is not one: a class, a strategy, a number."""
    if not callable(score) or isinstance(score, type):
        raise ArgumentError(f"{argument} must be a function of a view, got {score!r}.")
    return cast(Score, score)


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


def best_rows(scores: Tensor, count: int) -> np.ndarray:
    """The rows of the `count` largest scores [n], best first; ties keep the order of the rows."""
    rows = torch.arange(len(scores), device=scores.device)
    if 0 < count < len(scores):
        rows = rows[scores >= torch.topk(scores, count, sorted=False).values.min()]
    order = torch.sort(scores[rows], descending=True, stable=True).indices
    best: np.ndarray = rows[order][:count].cpu().numpy()
    return best


def _query(view: View, stages: tuple[Stage, ...], budget: int) -> Query:
    n, steps = len(view.pool), []
    seconds: dict[str, float] = {}
    for depth, stage in enumerate(stages if n else ()):
        started = perf_counter()
        step = stage(replace(view, depth=depth), budget)
        _require_rows(stage, step.rows, len(view.pool), min(budget, n))
        view = view.at(torch.from_numpy(step.rows))
        steps.append(step)
        seconds[f"{depth} {type(stage).__name__}"] = perf_counter() - started
    indices = view.pool.indices[:budget]
    return Query(
        indices=indices,
        scores=_scores_at(indices, steps),
        purity=_scores_at(indices, steps, "purity"),
        informativeness=_scores_at(indices, steps, "informativeness"),
        steps=tuple(steps),
        n_candidates=n,
        n_filled=max((step.n_filled for step in steps), default=0),
        diagnostics={**view.notes, "seconds": seconds},
    )


def _require_rows(stage: Stage, rows: np.ndarray, n: int, least: int) -> None:
    if len(rows) < least:
        raise ScoreError(f"{stage!r} must keep {least} of {n}, kept {len(rows)}.")
    if len(np.unique(rows)) < len(rows) or rows.min() < 0 or rows.max() >= n:
        raise ScoreError(f"{stage!r} must keep distinct rows of 0..{n - 1}.")


def _scores_at(indices: np.ndarray, steps: list[Step], role: str | None = None) -> Tensor | None:
    """The last scores of that role (or of any) at `indices`, float32 on the CPU, or None."""
    for step in reversed(steps):
        if step.scores is not None and role in (None, _role(step.stage)):
            order = np.argsort(step.seen)
            rows = order[np.searchsorted(step.seen, indices, sorter=order)]
            # A float64 beyond the largest float32 would come out infinite.
            largest = torch.finfo(torch.float32).max
            scores = step.scores.cpu()[torch.from_numpy(rows)].double()
            return scores.clamp(-largest, largest).float()
    return None


def _role(stage: Any) -> str | None:
    """What a stage's score is for: the room it lives in, or its own word for it."""
    score = getattr(stage, "score", None)
    room = type(score).__module__.split(".")
    return getattr(score, "role", room[1] if room[0] == "openal" and len(room) > 1 else None)
