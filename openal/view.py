"""What a strategy may look at: candidates, answers and their signals, never a label unasked for.

A score is any function of a `View` that returns one number per candidate, larger = query me.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from openal._seeds import derived_seed
from openal.errors import ScoreError
from openal.functional.scaling import TIE_WEIGHT

__all__ = [
    "PENDING",
    "Blocks",
    "Engine",
    "Round",
    "Rows",
    "Score",
    "Signals",
    "View",
    "cut",
    "gathered",
    "prepare",
]

PENDING = -3
"""The label of an item that was asked about and has no answer yet (only inside `Round`)."""

MEAN_ROWS = 4096
"""How many rows at a time are added up for a mean."""


@dataclass(frozen=True, eq=False)
class Round:
    """One round of the past: what was asked, how it was scored, what was answered.

    Attributes:
        indices: what was asked, int64 [b], global, in query order.
        labels: the answers of today, int64 [b]; PENDING where none has come yet.
        scores: of the last stage, float64 [b], or None.
        purity: float32 [b], or None.
        informativeness: float32 [b], or None.
        begun: False for answers that no round had asked for, which are an entry of their own.
    """

    indices: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None = None
    purity: np.ndarray | None = None
    informativeness: np.ndarray | None = None
    begun: bool = True


class Signals(Protocol):
    """Whatever can say the values of a named signal at some indices."""

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        """The rows [n, ...] of signal `name` at `indices` (int64 [n], global)."""

    def prepare(self, name: str, indices: np.ndarray) -> None:
        """Do at once what taking these rows block by block would do many times."""

    def checksums(self, name: str, indices: np.ndarray) -> np.ndarray:
        """Two numbers for each row, int64 [n, 2]: the same while its values are the same."""

    def kept(self, name: str) -> dict[Hashable, Any]:
        """What parts remember about a signal from query to query, each beside `checksums` of it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some items and their signals: `rows["embeddings"]` is a tensor [n, D].

    Attributes:
        indices: which items, int64 [n], global.
        signals: what knows the values of the signals.
    """

    indices: np.ndarray
    signals: Signals = field(repr=False)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, name: str) -> Tensor:
        return self.signals.take(name, self.indices)


class Engine(Protocol):
    """Runs a row-wise function over rows: here in blocks, elsewhere on many machines."""

    def __call__(
        self, function: Callable[..., Tensor], rows: Rows, columns: tuple[str | Tensor, ...]
    ) -> Tensor:
        """The results [n, ...], in the order of `rows`."""


@dataclass(frozen=True)
class Blocks:
    """Runs a row-wise function over one block of rows after another, in the order of the storage.

    `rows` fixes the block's size; by default a block holds about `block_bytes` of signals.
    """

    rows: int | None = None
    block_bytes: int = 8 * 2**20

    def __call__(
        self, function: Callable[..., Tensor], rows: Rows, columns: tuple[str | Tensor, ...]
    ) -> Tensor:
        """The results [n, ...], in the order of `rows`."""
        prepare(rows, columns)
        blocks = ((at, function(*cut(rows, columns, at))) for at in self.positions(rows, columns))
        return gathered(function, len(rows), blocks)

    def positions(self, rows: Rows, columns: tuple[str | Tensor, ...]) -> Iterator[np.ndarray]:
        """Which of the rows stand in each block, in the order of the storage."""
        order = np.argsort(rows.indices, kind="stable")
        size = self.rows or self._fitting_rows(cut(rows, columns, order[:1]))
        for start in range(0, len(order), size):
            yield order[start : start + size]

    def _fitting_rows(self, row: list[Tensor]) -> int:
        row_bytes = sum([column.numel() * column.element_size() for column in row])
        return max(256, self.block_bytes // max(1, row_bytes))


def prepare(rows: Rows, columns: tuple[str | Tensor, ...]) -> None:
    """Compute at once what will be read block by block."""
    for column in columns:
        if isinstance(column, str):
            rows.signals.prepare(column, rows.indices)


def cut(rows: Rows, columns: tuple[str | Tensor, ...], block: np.ndarray) -> list[Tensor]:
    """What the columns hold at some positions among the rows."""
    at = torch.from_numpy(block)
    return [
        column[at.to(column.device)]
        if isinstance(column, Tensor)
        else rows.signals.take(column, rows.indices[block])
        for column in columns
    ]


def gathered(
    function: Callable[..., Tensor], n: int, blocks: Iterable[tuple[np.ndarray, Tensor]]
) -> Tensor:
    """The results [n, ...] of a function, from its blocks: positions, and what it returned there.

    Raises a ScoreError where it did not return one row per row, all of one kind.
    """
    result = torch.empty(0, dtype=torch.float32, device="cpu")
    for at, returned in blocks:
        values = _checked(returned, len(at), function)
        if len(result) < n:  # the first block: room for all
            result = values.new_empty(n, *values.shape[1:])
        _require_alike(values, result, function)
        result[torch.from_numpy(at).to(result.device)] = values
    return result


def _checked(result: Tensor, n: int, function: Callable[..., Tensor]) -> Tensor:
    if not isinstance(result, Tensor) or result.shape[:1] != (n,):
        shape = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        raise ScoreError(f"{function!r} must return one row per row, {n} here, got {shape}.")
    return result


def _require_alike(block: Tensor, result: Tensor, function: Callable[..., Tensor]) -> None:
    found, first = (block.dtype, tuple(block.shape[1:])), (result.dtype, tuple(result.shape[1:]))
    if found != first:
        raise ScoreError(f"{function!r} must return rows of one kind; {found} came after {first}.")


@dataclass(frozen=True, eq=False)
class View:
    """Everything that a score or a stage may know.

    `pool`, `known` and `invalid` are rows of candidates, of items answered with a class, and of
    items answered UNKNOWN. The candidates stand in the order of the stages before: a stable sort
    therefore breaks ties by the earlier stages, then by the index.

    Attributes:
        pool: the candidates, n rows.
        known: the items answered with a class, m rows.
        invalid: the items answered UNKNOWN, v rows.
        labels: the classes 0..K-1 of `known`, int64 [m].
        num_classes: K.
        history: the rounds of the past, oldest first.
        seed: of the query.
        depth: the number of the stage in its chain, from 0.
        engine: what runs a function over rows.
        notes: what the parts of this stage want the user to know; told in its step.
    """

    pool: Rows
    known: Rows
    invalid: Rows
    labels: Tensor
    num_classes: int
    history: Sequence[Round] = ()
    seed: int = 0
    depth: int = 0
    engine: Engine = field(default_factory=Blocks)
    notes: dict[str, Any] = field(default_factory=dict)
    _memo: dict[Hashable, tuple[np.ndarray, Tensor]] = field(default_factory=dict, repr=False)
    _means: dict[str, Tensor] = field(default_factory=dict, repr=False)
    _first: Rows | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self._first is None:
            object.__setattr__(self, "_first", self.pool)

    def map(self, function: Callable[..., Tensor], *columns: str | Tensor) -> Tensor:
        """The results [n, ...] of a row-wise function over the candidates, block by block.

        `columns` are names of signals, or tensors with a row per candidate; `function` receives
        a block of each and returns one row per row. It must not look beyond its block and must
        pickle, so that the same score runs in memory, on memory maps and across machines.
        """
        return self.engine(function, self.pool, columns)

    def once(self, key: Hashable, compute: Callable[["View"], Tensor]) -> Tensor:
        """A row-wise result [n, ...] that several parts of one query share, computed once.

        After a stage has narrowed the candidates, the rows that are left are gathered.
        """
        wanted = self.pool.indices
        nothing = np.empty(0, np.int64), torch.empty(0, device="cpu")
        indices, values = self._memo.get(key, nothing)
        if indices is wanted:
            return values
        if not np.isin(wanted, indices).all():
            values = compute(self)
            self._memo[key] = wanted, values
            return values
        order = np.argsort(indices)
        rows = order[np.searchsorted(indices, wanted, sorter=order)]
        return values[torch.from_numpy(rows).to(values.device)]

    def mean(self, name: str) -> Tensor:
        """The mean [D] of a signal over all candidates before any stage and all answers, float64.

        Computed once in a query, in one order whatever the blocks, and of little memory.
        """
        if name not in self._means:
            first = self.pool if self._first is None else self._first
            parts = (first.indices, self.known.indices, self.invalid.indices)
            indices = np.sort(np.concatenate(parts))
            starts, sums = range(0, len(indices), MEAN_ROWS), torch.empty(0, device="cpu")
            for row, at in enumerate(starts):
                block = self.pool.signals.take(name, indices[at : at + MEAN_ROWS])
                total = block.double().sum(dim=0)
                # One tensor: small ones, kept between large blocks, hold the heap apart.
                sums = sums if row else total.new_empty(len(starts), *total.shape)
                sums[row] = total
            self._means[name] = sums.sum(dim=0) / len(indices)
        return self._means[name]

    def at(self, rows: Tensor) -> "View":
        """The view of some candidates only: `rows` int64 [m], best first, or a mask [n]."""
        kept = np.arange(len(self.pool))[rows.cpu().numpy()]
        return replace(self, pool=replace(self.pool, indices=self.pool.indices[kept]))

    def generator(self) -> torch.Generator:
        """A fresh generator; the same view draws the same numbers in any order of calls.

        It is on the CPU: `torch.rand(n, generator=view.generator(), device="cpu")` also works where
        torch's default device is another.
        """
        seed = derived_seed(self.seed, len(self.history), self.depth)
        return torch.Generator().manual_seed(seed)

    def random(self) -> Tensor:
        """A number in [0, 1) for each candidate, float64 [n], on the CPU.

        Drawn by a fresh generator in the order of the indices: how the stages before ordered the
        candidates changes nothing.
        """
        n, generator = len(self.pool), self.generator()
        drawn = torch.rand(n, generator=generator, dtype=torch.float64, device="cpu")
        return drawn[torch.from_numpy(self.pool.indices.argsort().argsort())]

    def unordered(self, value: float) -> Tensor:
        """The same value for each candidate but for a trace at random, float64 [n], at most it.

        What a score gives before the answers that it needs: no order, least of all that of a file.
        """
        return value - TIE_WEIGHT * self.random()


Score = Callable[[View], Tensor]
