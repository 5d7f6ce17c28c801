"""What a strategy may look at, and the blocks in which it looks."""

import pickle
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ScoreError
from openal.informativeness import Entropy, Inconsistency
from openal.parts import parts_of, reads_of, signal
from openal.purity import KnownNeighbors
from openal.query import Chain
from openal.selection import Filter, Product, Top
from openal.strategies import NEAT
from openal.view import Blocks, Round, Rows, View


class Kept:
    """Signals from a dictionary; notes the indices of each take."""

    def __init__(self, **signals: Tensor) -> None:
        self.signals = signals
        self.taken: list[list[int]] = []

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        self.taken.append(indices.tolist())
        return self.signals[name][torch.from_numpy(indices)]

    def prepare(self, name: str, indices: np.ndarray) -> None:
        """All is there."""

    def kept(self, name: str) -> dict[Hashable, Any]:
        return {}


def made(indices: list[int], signals: Kept | None = None, **changes: Any) -> View:
    """A view of some of ten items whose signal `x` is ten times their index."""
    signals = signals or Kept(x=torch.arange(10).float()[:, None] * 10)
    rows = partial(Rows, signals=signals)
    nobody = rows(np.empty(0, np.int64))
    pool = rows(np.array(indices, np.int64))
    return View(pool, nobody, nobody, torch.empty(0, dtype=torch.int64), 2, **changes)


def first_column(block: Tensor) -> Tensor:
    return block[:, 0]


def add(block: Tensor, other: Tensor) -> Tensor:
    return block[:, 0] + other


# --- rows


def test_rows_give_their_signals_in_their_order() -> None:
    rows = made([7, 2]).pool
    assert len(rows) == 2
    assert rows["x"].flatten().tolist() == [70, 20]


# --- map


@pytest.mark.parametrize("engine", [Blocks(), Blocks(1), Blocks(2), Blocks(3), Blocks(100)])
def test_results_are_in_the_order_of_the_candidates(engine: Blocks) -> None:
    view = made([7, 2, 9, 0, 5], engine=engine)
    assert view.map(first_column, "x").tolist() == [70, 20, 90, 0, 50]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_tensors_are_cut_along_with_the_signals(rows: int) -> None:
    view = made([7, 2, 9, 0, 5], engine=Blocks(rows))
    other = torch.tensor([1.0, 2, 3, 4, 5])
    assert view.map(add, "x", other).tolist() == [71, 22, 93, 4, 55]


def test_blocks_follow_the_storage_and_read_each_row_once() -> None:
    signals = Kept(x=torch.zeros(10, 1))
    made([7, 2, 9, 0, 5], signals, engine=Blocks(2)).map(first_column, "x")
    assert signals.taken == [[0, 2], [5, 7], [9]]


def test_a_block_holds_about_its_bytes() -> None:
    signals = Kept(x=torch.zeros(1000, 256))  # 1 KiB a row
    view = made(list(range(1000)), signals, engine=Blocks(block_bytes=300 * 1024))
    view.map(first_column, "x")
    sizes = [len(indices) for indices in signals.taken if len(indices) > 1]
    assert sizes == [300, 300, 300, 100]


def test_a_block_holds_at_least_some_rows() -> None:
    signals = Kept(x=torch.zeros(1000, 256))
    made(list(range(1000)), signals, engine=Blocks(block_bytes=1)).map(first_column, "x")
    assert max(len(indices) for indices in signals.taken) == 256


def test_results_may_have_more_dimensions() -> None:
    found = made([3, 1], engine=Blocks(1)).map(lambda x: torch.stack([x, -x], 1), "x")
    assert found.tolist() == [[[30], [-30]], [[10], [-10]]]


@pytest.mark.parametrize(
    "function", [lambda x: x[:1], lambda x: x.sum(), lambda x: x.tolist(), lambda x: None]
)
def test_a_function_that_is_not_row_wise_is_named(function: Callable[..., Any]) -> None:
    with pytest.raises(ScoreError, match=r"<lambda>.* must return one row per row, 2 here, got"):
        made([1, 2]).map(function, "x")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.repeat(1, int(x[0, 0]) // 10 + 1),
        lambda x: x.long() if x[0, 0] else x,
    ],
)
def test_every_block_must_give_rows_of_one_kind(function: Callable[..., Any]) -> None:
    with pytest.raises(ScoreError, match=r"<lambda>.* must return rows of one kind"):
        made([0, 1], engine=Blocks(1)).map(function, "x")


def test_the_engine_is_the_views_own() -> None:
    seen: list[Any] = []

    def engine(function: Any, rows: Rows, columns: Any) -> Tensor:
        seen.append((function, rows.indices.tolist(), columns))
        return torch.ones(len(rows))

    assert made([4, 3], engine=engine).map(first_column, "x").tolist() == [1, 1]
    assert seen == [(first_column, [4, 3], ("x",))]


# --- once


class Counted:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self, view: View) -> Tensor:
        self.times += 1
        return view.map(first_column, "x")


def test_a_shared_result_is_computed_once() -> None:
    view, compute = made([7, 2, 9]), Counted()
    first = view.once("key", compute)
    assert replace(view, depth=1).once("key", compute).tolist() == first.tolist() == [70, 20, 90]
    assert compute.times == 1


def test_a_shared_result_follows_the_candidates() -> None:
    view, compute = made([7, 2, 9, 0]), Counted()
    view.once("key", compute)
    narrowed = view.at(torch.tensor([3, 0]))
    assert narrowed.once("key", compute).tolist() == [0, 70]
    assert compute.times == 1


def test_a_shared_result_of_fewer_is_computed_anew() -> None:
    view, compute = made([7, 2, 9, 0]), Counted()
    view.at(torch.tensor([1])).once("key", compute)
    assert view.once("key", compute).tolist() == [70, 20, 90, 0]
    assert compute.times == 2


def test_results_are_shared_by_key_and_by_query() -> None:
    view, compute = made([7, 2]), Counted()
    view.once("key", compute)
    view.once("other", compute)
    made([7, 2]).once("key", compute)
    assert compute.times == 3


# --- at


def test_a_view_of_rows_and_of_a_mask() -> None:
    view = made([7, 2, 9])
    assert view.at(torch.tensor([2, 0])).pool.indices.tolist() == [9, 7]
    assert view.at(torch.tensor([True, False, True])).pool.indices.tolist() == [7, 9]
    assert view.pool.indices.tolist() == [7, 2, 9]


# --- generator


def draw(view: View) -> float:
    return float(torch.rand(1, generator=view.generator()))


def test_the_same_view_draws_the_same_numbers() -> None:
    view = made([1, 2], seed=3)
    assert draw(view) == draw(view) == draw(made([5], seed=3))


def test_another_seed_round_or_stage_draws_others() -> None:
    view = made([1], seed=3)
    round_ = Round(np.array([4]), np.array([0]))
    others = [replace(view, seed=4), replace(view, depth=1), replace(view, history=(round_,))]
    assert len({draw(each) for each in (view, *others)}) == 4


def test_the_global_state_plays_no_part() -> None:
    state = torch.get_rng_state()
    draw(made([1]))
    assert torch.equal(torch.get_rng_state(), state)


# --- parts


@dataclass(frozen=True)
class Reader:
    signal: str = signal("embeddings")
    other: str = "not a signal"

    def __call__(self, view: View) -> Tensor:
        return view.map(first_column, self.signal)


@dataclass(frozen=True)
class Around:
    inner: Any

    def __call__(self, view: View) -> Tensor:
        result: Tensor = self.inner(view)
        return result


class Plain:
    reads = ("mine",)

    def __call__(self, view: View) -> Tensor:
        return view.map(first_column, "mine")


def function(view: View) -> Tensor:
    return view.map(first_column, "x")


def test_fields_say_what_is_read() -> None:
    assert reads_of(Reader()) == ("embeddings",)
    assert reads_of(Reader("clip")) == ("clip",)
    assert reads_of(Around(Around(Reader()))) == ("embeddings",)


def test_any_object_and_any_function_may_say_what_it_reads() -> None:
    assert reads_of(Plain()) == ("mine",)
    assert reads_of(Around(Plain())) == ("mine",)
    assert reads_of(function) == ()


def test_a_chain_reads_what_its_stages_read() -> None:
    chain = Chain(Filter(KnownNeighbors()), Chain(Top(Entropy(), factor=2)), Top(Plain()))
    assert reads_of(chain) == ("embeddings", "logits", "mine")
    assert chain.reads == reads_of(chain)
    assert Chain(NEAT(embeddings="clip", then=Top(Reader("x")))).reads == ("clip", "x")


def test_a_mixture_reads_what_its_scores_read() -> None:
    assert reads_of(Top(Product(KnownNeighbors(), Plain()))) == ("embeddings", "mine")


def test_parts_come_outermost_first() -> None:
    inner = Inconsistency(k=3)
    product = Product(KnownNeighbors(), inner)
    chain = Chain(Top(product))
    parts = list(parts_of(chain))
    assert parts[0] is chain
    assert [part for part in parts if not isinstance(part, tuple)] == [
        chain,
        Top(product),
        product,
        KnownNeighbors(),
        inner,
    ]


def test_a_view_pickles_for_another_machine() -> None:
    copy = pickle.loads(pickle.dumps(made([7, 2], seed=3)))
    assert copy.map(first_column, "x").tolist() == [70, 20]
    assert draw(copy) == draw(made([1], seed=3))


def test_reads_are_declared_in_any_form() -> None:
    def plain(view: View) -> Tensor:
        return view.map(torch.abs, "x")

    plain.reads = "x"  # type: ignore[attr-defined]
    assert reads_of(plain) == ("x",)
    assert reads_of(partial(plain)) == ("x",)
    assert reads_of([plain, Declared()]) == ("x", "y")


@dataclass(frozen=True)
class Declared:
    reads: ClassVar[tuple[str, ...]] = ("y",)

    def __call__(self, view: View) -> Tensor:
        return view.map(torch.abs, "y")
