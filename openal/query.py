"""A query strategy is a chain of narrowings; a narrowing is a score and a rule."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Protocol, final, runtime_checkable

import torch
from torch import Tensor

from openal._checks import as_count
from openal._contexts import own_contexts
from openal._narrow import narrowed, scores_at
from openal._query import Query
from openal._seeds import as_seed
from openal._skip_copies import as_copies
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.parts import Part, as_stage, learners_of, reads_of
from openal.pool import Frozen, Learner, Pool
from openal.step import Diagnostics, Stage, Step, best_rows, evaluate
from openal.view import View

__all__ = [
    "Chain",
    "Paper",
    "Query",
    "QueryStrategy",
    "Stage",
    "Step",
    "best_rows",
    "evaluate",
]


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


class _Strategy(ABC):
    """What a chain and a paper share: a query from the stages, planned once."""

    @property
    @abstractmethod
    def chain(self) -> "Chain":
        """The chain of this strategy, built once."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order; those of inner chains stand in their place."""
        return self.chain._stages

    @property
    def learners(self) -> tuple[Learner, ...]:
        """Learners for signals that the pool may not offer; those on arrays go first."""
        return self.chain._learners

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the signals that the stages read, sorted."""
        return self.chain._reads

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
                the items that are read, a skorch net, or a trained learner.
            candidates: indices to choose among; by default all that are unlabeled.
            seed: an int, a generator (advanced by one draw) or None for a fresh one.
            progress: False for no bar; by default a bar on a terminal.

        Raises:
            ArgumentError: a budget, candidates or a model that cannot be right.
            MissingSignalError: a signal that nobody offers, before anything is trained.
            ScoreError: a score that is not finite; the message names the stage and the index.
        """
        _require_pool(pool)
        budget, seed = as_count(budget, "budget", minimum=1), as_seed(seed)
        chain = self.chain
        with own_contexts():
            view = pool.view(
                labeled,
                reads=chain._reads,
                reader=type(self).__name__,
                defaults=chain._learners,
                model=model,
                candidates=candidates,
                seed=seed,
                progress=progress,
            )
            return _asked(view, chain._stages, budget, pool)


@final
class Chain(_Strategy):
    """Stages one after another; the last one's best are the query. A chain may hold strategies.

    `learners` offer signals that a pool may lack, before those that the stages bring themselves.
    Everything is built, checked and asked for its signals when the chain is made.

    With `copies="skip"` copies of answered items, and of each other, are not asked: items with
    equal embeddings, or where the pool has none, equal inputs; a signal `content` of yours goes
    first, such as the number of the patient. With a number, `copies=0.99`, embeddings with at least
    this cosine are copies, too. Of equal candidates the first stands for all. Copies are used last,
    where nothing else is left to fill the budget; `n_filled` counts them, `diagnostics` tells how
    many copies there were. The default is "ask".

    >>> from openal.purity import KnownNeighbors
    >>> from openal.informativeness import Entropy
    >>> from openal.selection import Filter, Top
    >>> Chain(Filter(KnownNeighbors(k=20), above=0.5), Top(Entropy())).reads
    ('embeddings', 'logits')
    """

    def __init_subclass__(cls) -> None:
        raise TypeError("Chain is final; a strategy of your own is a Paper with a method plan().")

    def __init__(
        self,
        *stages: "Stage | _Strategy",
        learners: tuple[Learner, ...] = (),
        copies: Literal["ask", "skip"] | float = "ask",
    ) -> None:
        if not stages:
            raise ArgumentError("stages must be one or more, got none.")
        self._parts = tuple(as_stage(stage) for stage in stages)
        self._given, self._copies = tuple(learners), copies
        parts = (*as_copies(copies), *self._parts)
        self._stages: tuple[Stage, ...] = tuple(
            stage for part in parts for stage in getattr(part, "stages", (part,))
        )
        brought = (
            learner
            for part in parts
            for learner in (part.learners if hasattr(part, "stages") else learners_of([part]))
        )
        self._learners = (*self._given, *_not_given(brought, self._given))
        self._reads = reads_of(self._stages)
        _warn_without_choice(self._stages)

    @property
    def chain(self) -> "Chain":
        """The chain itself."""
        return self

    def __repr__(self) -> str:
        words = [*map(repr, self._parts), *([f"learners={self._given!r}"] if self._given else [])]
        words += [f"copies={self._copies!r}"] if self._copies != "ask" else []
        return f"Chain({', '.join(words)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chain) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    @property
    def _value(self) -> tuple[Any, ...]:
        return self._parts, self._given, self._copies


@dataclass(frozen=True)
class Paper(_Strategy, Part):
    """The base of published strategies: fields are the options, `plan` makes the chain of them.

    A subclass is a frozen dataclass with a method `plan`, which is called once, when the strategy
    is made: options that cannot be are refused there.
    """

    @abstractmethod
    def plan(self) -> Chain:
        """The stages, and the learners for what a pool may not offer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.chain

    @cached_property
    def chain(self) -> Chain:
        """The chain that `plan` makes, built once."""
        return self.plan()


def _require_pool(pool: Any) -> None:
    if not isinstance(pool, Pool):
        raise ArgumentError(
            f"pool must be a Pool, got {type(pool).__name__}: query(pool, labeled, budget) with "
            f"Pool(dataset, embeddings=an array or a learner)."
        )


def _not_given(brought: Iterable[Learner], given: tuple[Learner, ...]) -> Iterator[Learner]:
    """The learners that offer more than what those given offer, which go first."""
    offered = {name for learner in given for name in getattr(learner, "offers", ())}
    return (each for each in brought if not {*getattr(each, "offers", ())} <= offered or not given)


def _warn_without_choice(stages: tuple[Stage, ...]) -> None:
    """Warn of a stage that keeps the budget alone while another stage is still to choose."""
    for stage, following in pairwise(stages):
        if getattr(stage, "narrows_to_budget", False) and not getattr(
            following, "keeps_all", False
        ):
            warnings.warn(
                f"{stage!r} keeps no more than the budget, so {following!r} after it has nothing "
                f"to choose. Let the first hand on more, as Top(score, factor=2) does.",
                stacklevel=4,
            )


def _asked(view: View, stages: tuple[Stage, ...], budget: int, pool: Pool) -> Query:
    n = len(view.pool)
    view, steps = narrowed(view, stages, budget)
    indices = view.pool.indices[:budget]
    return Query(
        indices=indices,
        scores=scores_at(indices, steps),
        purity=scores_at(indices, steps, "purity"),
        informativeness=scores_at(indices, steps, "informativeness"),
        steps=tuple(steps),
        n_candidates=n,
        n_filled=max((step.n_filled for step in steps), default=0),
        diagnostics=Diagnostics(
            [{"stage": type(step.stage).__name__, **step.notes} for step in steps]
        ),
        keys=None if pool.keys is None else pool.keys.at(indices),
        _items=pool.items,
    )
