"""What can be queried: N items, and named signals about them."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_indices
from openal._item_checksums import item_checksums
from openal._keys import Keys
from openal._random_items import warn_of_random_transforms
from openal._reading import askable, begun_again, retired_in, sources_behind, unreadable_in
from openal._signals import QuerySignals, ways_to_offer
from openal._sizes import common_size, require_about, require_size
from openal._skip_copies import copies_in
from openal._sources import Computed, Derived, Kept, Source, Stored, Trainable, frozen, stored
from openal.errors import ArgumentError, MissingSignalError
from openal.labeled import LabeledSet
from openal.model import Model, network_of
from openal.view import Blocks, Engine, Rows, View

__all__ = ["Frozen", "Learner", "Pool", "unreadable_in"]


@runtime_checkable
class Frozen(Protocol):
    """A learner that needs no training (any more): it computes its signals where they are read."""

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute."""

    @property
    def reads(self) -> tuple[str, ...]:
        """What it needs from the pool: names of signals, or "items"."""

    def signals(
        self,
        pool: "Pool",
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...]."""


@runtime_checkable
class Learner(Protocol):
    """A learner that is trained on the answers, once per query."""

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""

    @property
    def reads(self) -> tuple[str, ...]:
        """What it needs from the pool: names of signals, or "items"."""

    def fit(
        self, pool: "Pool", labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> Frozen:
        """The trained learner; neither the pool nor the labeled set is changed."""


class Pool:
    """N items that can be queried, and what is known about each: its signals.

    `items` is a map-style data set of x, (x, y) or a dict; y is never read. A signal is an array,
    a tensor or a memory map with first dimension N, or a learner that computes it: a frozen one
    once in the pool's lifetime, or until its weights change, a trainable one once per query. `keys`
    are a unique string per item, its file say, which queries tell beside the indices and strategies
    never see. Indices 0..N-1 mean the same everywhere.

    >>> pool = Pool(embeddings=np.eye(3), logits=np.zeros((3, 2)))
    >>> pool
    Pool(size=3, signals=['embeddings', 'logits'])
    """

    def __init__(
        self, items: Any = None, /, *, keys: Iterable[str] | None = None, **signals: Any
    ) -> None:
        _require_no_items(signals)
        warn_of_random_transforms(items, stacklevel=2)
        self._items = items
        self._engine: Engine = Blocks()
        self.kept_content: dict[int, bytes] = {}  # of items, by index; of all pools made from this
        self._begun = False  # whether it serves one query, for which signals are up to date
        self._set_signals(signals)
        self._keys = None if keys is None else Keys.of(keys, len(self))

    def _set_signals(self, signals: dict[str, Any]) -> None:
        # A learner that offers two signals runs once.
        computed: dict[int, Computed | Derived | Kept] = {}
        self._sources: dict[str, Source] = {
            name: _source(name, value, computed) for name, value in signals.items()
        }
        self._size = common_size(self._items, self._sources)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Pool(size={self._size}, signals={sorted(self._sources)})"

    @property
    def items(self) -> Any:
        """The data set, or None."""
        return self._items

    @property
    def keys(self) -> Keys | None:
        """The names of the items by index, where they were given."""
        return self._keys

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of all signals, and "items" when there is a data set; sorted."""
        return tuple(sorted({*self._sources} | ({"items"} if self._items is not None else set())))

    def with_signals(self, **signals: Any) -> "Pool":
        """A new pool with more signals; those of the same name are replaced.

        What was computed stays, except by learners that read what is replaced.
        """
        _require_no_items(signals)
        kept = {**self._sources, **begun_again(self._sources, {*signals} & {*self._sources})}
        pool = copy(self)
        pool._set_signals({**kept, **signals})
        return pool

    def with_engine(self, engine: Engine) -> "Pool":
        """The same pool, whose views map functions over the items in another way."""
        pool = copy(self)
        pool._engine = engine
        return pool

    def take(self, name: str, indices: Any, *, progress: bool | None = None) -> Tensor:
        """The rows [n, ...] of a signal that needs no training, at `indices`."""
        source = self._sources.get(name)
        if source is None or isinstance(source, Trainable):
            raise MissingSignalError(
                f"{name!r} cannot be taken as it is; {_offer(self)} Give Pool(..., {name}=an array "
                f"or an encoder); what is learned from answers is there in a query alone."
            )
        indices = as_indices(indices, "indices", size=len(self))
        pool = self._for_one_query((name,), progress)
        return source.take(pool, name, indices, names=(name,), progress=progress)

    def checksums(self, name: str, indices: np.ndarray) -> np.ndarray | None:
        """The checksums of rows of a signal or of "items", int64 [n, 2]; None where it has none.

        Items are looked at where they are in memory, and read once where they are not.
        """
        if name == "items":
            return item_checksums(self._items, indices)
        source = self._sources.get(name)
        if source is None or isinstance(source, Trainable):
            return None
        return source.checksums(self, name, indices, names=(name,))

    def copies(self, *, cosine: float | None = None, progress: bool | None = None) -> np.ndarray:
        """The smallest index of an item that is the same as each item: int64 [N], or its own.

        The same are items with equal `embeddings` or, where the pool has none, equal inputs; a
        signal `content` of yours goes first. With `cosine`, embeddings with at least this cosine
        are the same, too; each then has the first that is itself no copy. `copies == arange(N)`
        tells which are asked about under `Chain(..., copies="skip")` while nothing is answered.

        >>> Pool(embeddings=np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]])).copies()
        array([0, 1, 0])
        """
        return copies_in(self, cosine, progress)

    def view(
        self,
        labeled: LabeledSet,
        *,
        reads: Iterable[str],
        reader: str = "The strategy",
        defaults: Iterable[Learner] = (),
        model: Callable[[Tensor], Any] | Frozen | None = None,
        candidates: Any = None,
        seed: int = 0,
        progress: bool | None = None,
    ) -> View:
        """What a strategy that reads the signals `reads` may look at.

        Candidates that are answered already are left out. `defaults` are learners for signals
        that the pool does not offer; `model` offers `logits` and `features`. Raises
        MissingSignalError before anything is trained, ArgumentError for wrong candidates.
        """
        require_size(self, self.items, self._sources)
        require_about(labeled, self)
        pool = self if model is None else _with_model(self, model)
        for name in reads:
            pool = _with_source(pool, name, reader, tuple(defaults))
        pool = pool._for_one_query(reads, progress)
        sources = {name: pool._sources[name] for name in reads}
        without = unreadable_in(pool, reads, progress)
        left_out = np.union1d(without, retired_in(pool))
        candidates = np.setdiff1d(askable(labeled, candidates), left_out, assume_unique=True)
        labeled = labeled._without(without)
        signals = QuerySignals(pool, sources, labeled, seed=seed, progress=progress)
        rows = partial(Rows, signals=signals)
        return View(
            pool=rows(candidates),
            known=rows(labeled.known_indices),
            invalid=rows(labeled.unknown_indices),
            labels=torch.tensor(labeled.known_labels, device="cpu"),
            num_classes=labeled.num_classes,
            history=labeled.history,
            seed=seed,
            engine=self._engine,
        )

    def _for_one_query(self, names: Iterable[str], progress: bool | None) -> "Pool":
        """The pool, in which nothing is remembered any more of other values than those of now."""
        if self._begun:
            return self
        pool = copy(self)
        pool._begun = True
        for source in sources_behind(self._sources, names):
            if not isinstance(source, Trainable):
                source.begin(pool, progress)
        return pool


def _require_no_items(signals: dict[str, Any]) -> None:
    if "items" in signals:
        raise ArgumentError("items is the first argument, without a name: Pool(dataset, ...).")


def _source(name: str, value: Any, computed: dict[int, Computed | Derived | Kept]) -> Source:
    if isinstance(value, Source):
        return value
    if isinstance(value, Frozen) and not isinstance(value, type):
        return computed.setdefault(id(value), frozen(value))
    trainable = isinstance(value, Learner) and not isinstance(value, type)
    return Trainable(value) if trainable else stored(name, value)


def _offer(pool: Pool) -> str:
    return f"the pool offers {', '.join(map(repr, pool.offers))}."


def _with_model(pool: Pool, model: Callable[[Tensor], Any] | Frozen) -> Pool:
    if isinstance(model, type):
        name = model.__name__
        raise ArgumentError(f"model must be a network, got the class {name}: write {name}(...).")
    model = network_of(model)
    if not isinstance(model, Frozen) and not callable(model):
        raise ArgumentError(f"model must be a module or a callable, got {type(model).__name__}.")
    learner = model if isinstance(model, Frozen) else Model(model)
    source = frozen(learner, lasting=False)
    return pool.with_signals(**dict.fromkeys(learner.offers, source))


def _with_source(
    pool: Pool,
    name: str,
    reader: str,
    defaults: tuple[Learner, ...],
    pending: frozenset[str] = frozenset(),
) -> Pool:
    """The pool with a source for a signal, and for what its learner reads in turn."""
    if name in pending:
        raise MissingSignalError(
            f"{name!r} is learned from itself; {_offer(pool)} Give Pool(..., {name}=an array), or "
            f"a learner that reads another signal."
        )
    if name in pool.offers:
        source = pool._sources.get(name)
        needs = () if source is None or isinstance(source, Stored) else source.learner.reads
        for need in needs:
            pool = _with_source(pool, need, f"What offers {name!r}", defaults, pending | {name})
        return pool
    able = [each for each in defaults if name in each.offers]
    able.sort(key=lambda learner: "items" in learner.reads)  # on arrays where they will do
    for learner in able:
        with suppress(MissingSignalError):
            chosen = pool.with_signals(**{name: learner})
            return _with_source(chosen, name, reader, defaults, pending)
    raise MissingSignalError(_missing(pool, name, reader, able))


def _missing(pool: Pool, name: str, reader: str, able: list[Learner]) -> str:
    if name == "items":
        return f"{reader} needs the pool's items; give Pool(dataset, ...)."
    ways = ways_to_offer(name)
    if name in Model.offers:
        ways.append("query(..., model=your network)")
    ways += [f"what {type(each).__name__} needs: {', '.join(each.reads)}" for each in able]
    return f"{reader} reads {name!r}; {_offer(pool)} Give {'; or '.join(ways)}."
