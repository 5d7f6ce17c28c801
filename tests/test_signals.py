"""Where the values of a signal come from, and that they are checked when they come."""

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal._signals import QuerySignals
from openal._sources import Computed, Stored, Trainable, stored
from openal.errors import ArgumentError, ArrayError, MissingSignalError, ModelError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.view import Blocks, View

VALUES = np.arange(20.0).reshape(10, 2)


@dataclass(eq=False)
class Squares:
    """A frozen learner of two signals; notes what it was asked for."""

    offers: tuple[str, ...] = ("cubes", "squares")
    reads: tuple[str, ...] = ()
    calls: list[tuple[list[int], tuple[str, ...]]] = field(default_factory=list)

    def signals(
        self, pool: Any, indices: np.ndarray, names: tuple[str, ...], *, progress: Any = None
    ) -> dict[str, Tensor]:
        self.calls.append((indices.tolist(), names))
        powers = {"squares": 2, "cubes": 3}
        return {name: torch.from_numpy(indices ** powers[name])[:, None] for name in names}


@dataclass(eq=False)
class Powers:
    """A trainable learner; notes how often it was trained."""

    offers: tuple[str, ...] = ("cubes", "squares")
    reads: tuple[str, ...] = ()
    seeds: list[int] = field(default_factory=list)

    def fit(self, pool: Any, labeled: Any, *, seed: int = 0, progress: Any = None) -> Squares:
        self.seeds.append(seed)
        return Squares()


def pool_of(**signals: Any) -> Pool:
    return Pool(VALUES, **signals)


def viewed(pool: Pool, *reads: str, known: Any = ()) -> View:
    labeled = LabeledSet(10, 2)
    labeled.add(list(known), [0] * len(known))
    return pool.view(labeled, reads=reads, seed=5)


# --- stored


@pytest.mark.parametrize(
    "values",
    [
        VALUES,
        VALUES[::-1].copy()[::-1],
        np.asfortranarray(VALUES),
        VALUES.astype(">f8"),
        VALUES.astype(np.longdouble),
        torch.from_numpy(VALUES),
        torch.from_numpy(VALUES).requires_grad_(),
    ],
    ids=["array", "negative", "fortran", "big-endian", "long double", "tensor", "gradient"],
)
def test_rows_of_what_is_stored(values: Any) -> None:
    taken = stored("x", values).take(None, "x", np.array([3, 1]))
    assert taken.tolist() == [[6, 7], [2, 3]]
    assert not taken.requires_grad


def test_taken_rows_are_the_takers_own() -> None:
    values = VALUES.copy()
    stored("x", values).take(None, "x", np.arange(10)).zero_()
    tensor = torch.from_numpy(VALUES.copy())
    stored("x", tensor).take(None, "x", np.arange(10)).zero_()
    assert np.array_equal(values, VALUES)
    assert torch.equal(tensor, torch.from_numpy(VALUES))


def test_a_memory_map_is_read_without_a_warning(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert stored("x", mapped).take(None, "x", np.array([4])).tolist() == [[8, 9]]


@pytest.mark.parametrize("values", [[1, 2], None, 3, np.float32(1), "abc", ...], ids=repr)
def test_what_is_no_array_is_refused(values: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^x must be an array or a learner"):
        stored("x", values)


@pytest.mark.parametrize(
    "values",
    [
        np.array(["a"]),
        np.array([None]),
        np.array([True]),
        np.array([1j]),
        torch.tensor([True]),
        torch.eye(2).to_sparse(),
    ],
    ids=repr,
)
def test_what_holds_no_real_numbers_is_refused(values: Any) -> None:
    with pytest.raises(ArrayError, match=r"^x must hold real numbers in a dense array"):
        stored("x", values)


# --- computed


def test_each_row_is_computed_once() -> None:
    learner = Squares()
    pool = pool_of(squares=learner)
    assert pool.take("squares", [3, 1]).tolist() == [[9], [1]]
    assert pool.take("squares", [1, 4, 3]).tolist() == [[1], [16], [9]]
    assert learner.calls == [([1, 3], ("squares",)), ([4], ("squares",))]


def test_a_learner_that_offers_two_signals_makes_one_pass() -> None:
    learner = Squares()
    view = viewed(pool_of(squares=learner, cubes=learner), "cubes", "squares")
    assert view.at(torch.tensor([2, 1])).pool["squares"].tolist() == [[4], [1]]
    assert view.at(torch.tensor([1, 2])).pool["cubes"].tolist() == [[1], [8]]
    assert len(learner.calls) == 1
    assert set(learner.calls[0][1]) == {"cubes", "squares"}


def test_a_signal_that_nobody_reads_is_not_computed() -> None:
    learner = Squares()
    view = viewed(pool_of(squares=learner, cubes=learner), "cubes")
    assert view.pool["cubes"].flatten().tolist()[:3] == [0, 1, 8]
    assert [names for _, names in learner.calls] == [("cubes",)]


def test_signals_read_one_after_the_other_stay_right() -> None:
    learner = Squares()
    pool = pool_of(squares=learner, cubes=learner)
    viewed(pool, "squares").pool["squares"]
    assert viewed(pool, "cubes").pool["cubes"].flatten().tolist()[3] == 27
    both = viewed(pool, "cubes", "squares")
    assert both.pool["squares"].flatten().tolist()[3] == 9
    assert both.pool["cubes"].flatten().tolist()[3] == 27


def test_no_rows_of_a_learner_before_any_other() -> None:
    view = viewed(pool_of(squares=Squares()), "squares")
    assert view.known["squares"].shape == (0, 1)
    assert view.invalid["squares"].dtype == torch.int64


def test_what_was_computed_stays_behind_when_pickled() -> None:
    computed = Computed(Squares())
    pool = pool_of()
    computed.take(pool, "squares", np.arange(10), names=("squares",))
    copy = pickle.loads(pickle.dumps(computed))
    assert copy.values == {}
    assert copy.take(pool, "squares", np.array([3]), names=("squares",)).tolist() == [[9]]


@pytest.mark.parametrize("rows", [slice(1), slice(0, 0), [0, 1, 1]])
def test_a_learner_that_gives_another_number_of_rows_is_named(rows: Any) -> None:
    class Careless(Squares):
        def signals(self, *arguments: Any, **options: Any) -> dict[str, Tensor]:
            found = super().signals(*arguments, **options)
            return {name: values[rows] for name, values in found.items()}

    with pytest.raises(ModelError, match="squares"):
        pool_of(squares=Careless()).take("squares", [3, 1])


def test_a_learner_that_leaves_a_signal_out_is_named() -> None:
    class Silent(Squares):
        def signals(self, *_: Any, **__: Any) -> dict[str, Tensor]:
            return {}

    with pytest.raises(ModelError, match="squares"):
        pool_of(squares=Silent()).take("squares", [3, 1])


def test_after_an_error_the_learner_is_asked_again() -> None:
    class Tired(Squares):
        def signals(self, *arguments: Any, **options: Any) -> dict[str, Tensor]:
            found = super().signals(*arguments, **options)
            if len(self.calls) == 1:
                raise OSError("the disk is tired")
            return found

    pool = pool_of(squares=Tired())
    with pytest.raises(OSError, match="tired"):
        pool.take("squares", [3])
    assert pool.take("squares", [3]).tolist() == [[9]]


# --- trained


def test_a_learner_is_trained_once_per_query() -> None:
    learner = Powers()
    pool = pool_of(squares=learner, cubes=learner)
    for _ in range(2):
        view = viewed(pool, "cubes", "squares")
        assert view.pool["squares"].flatten().tolist()[3] == 9
        assert view.pool["cubes"].flatten().tolist()[3] == 27
    assert learner.seeds == [5, 5]


def test_nothing_is_trained_before_it_is_read() -> None:
    learner = Powers()
    viewed(pool_of(squares=learner), "squares")
    assert learner.seeds == []


def test_a_trained_signal_cannot_be_taken_from_the_pool() -> None:
    with pytest.raises(MissingSignalError, match="'squares' cannot be taken as it is"):
        pool_of(squares=Powers()).take("squares", [1])


# --- what comes is checked


def signals_of(**values: Any) -> QuerySignals:
    sources: dict[str, Any] = {name: Stored(value) for name, value in values.items()}
    return QuerySignals(None, sources, LabeledSet(10, 3), seed=0, progress=None)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named_by_its_index(bad: float) -> None:
    values = np.ones((10, 4))
    values[[6, 8], 2] = bad
    signals = signals_of(embeddings=values)
    assert signals.take("embeddings", np.array([1, 2, 7])).shape == (3, 4)
    with pytest.raises(ArrayError, match=r"^signal 'embeddings' must be finite; index 8 is not"):
        signals.take("embeddings", np.array([1, 8, 6]))


@pytest.mark.parametrize(
    "name, width",
    [("logits", 3), ("detector_logits", 4), ("yes_cosines", 3), ("no_cosines", 3)],
)
def test_the_width_of_what_is_about_classes(name: str, width: int) -> None:
    rows = np.array([1])
    assert signals_of(**{name: np.ones((10, width))}).take(name, rows).shape == (1, width)
    with pytest.raises(ArrayError, match=rf"^signal '{name}' must have {width} columns"):
        signals_of(**{name: np.ones((10, 7 - width))}).take(name, rows)


def test_the_width_of_sampled_logits() -> None:
    rows = np.array([1])
    assert signals_of(mc_logits=np.ones((10, 5, 3))).take("mc_logits", rows).shape == (1, 5, 3)
    with pytest.raises(ArrayError, match="3 columns"):
        signals_of(mc_logits=np.ones((10, 3, 5))).take("mc_logits", rows)


def test_one_number_per_item_is_no_logits_whatever_the_count() -> None:
    with pytest.raises(ArrayError, match="3 columns"):
        signals_of(logits=np.ones(10)).take("logits", np.array([1, 2, 3]))


def test_other_signals_have_any_width() -> None:
    assert signals_of(mine=np.ones(10)).take("mine", np.array([1])).shape == (1,)


def test_what_was_not_declared_cannot_be_read() -> None:
    with pytest.raises(MissingSignalError, match=r"'labels' was read .* declared are \['logits'\]"):
        signals_of(logits=np.ones((10, 3))).take("labels", np.array([1]))


def test_sources_are_told_apart() -> None:
    assert isinstance(Pool(VALUES, x=Squares())._sources["x"], Computed)
    assert isinstance(Pool(VALUES, x=Powers())._sources["x"], Trainable)


class Shelf:
    """A frozen learner that keeps its signal in an array of its own."""

    offers = ("embeddings",)
    reads = ("items",)
    store = "somewhere"

    def __init__(self) -> None:
        self.filled = 0

    def signals(self, *_: Any, **__: Any) -> dict[str, Tensor]:
        raise AssertionError("a store is read, not computed")

    def stored(self, pool: Any, *, progress: bool | None = None) -> np.ndarray:
        class Kept(np.ndarray):
            unreadable = (1, 4)

        self.filled += 1
        return np.eye(len(pool)).view(Kept)


def test_what_a_learner_keeps_is_opened_once_and_not_asked_about_where_unreadable() -> None:
    shelf = Shelf()
    items = Pool(list(range(6)), embeddings=shelf)
    for _ in range(2):
        view = items.view(LabeledSet(6, 2), reads=("embeddings",))
        assert view.pool.indices.tolist() == [0, 2, 3, 5]
        assert view.pool["embeddings"].argmax(dim=1).tolist() == [0, 2, 3, 5]
    assert shelf.filled == 1


def test_two_signals_of_one_learner_do_not_forget_each_other() -> None:
    learner = Squares()
    both = pool_of(squares=learner, cubes=learner)
    for name in ("squares", "cubes", "squares", "cubes"):
        both.take(name, [3, 1])
    assert len(learner.calls) == 2


def test_a_signal_that_is_learned_from_itself_is_refused() -> None:
    pool = pool_of(squares=Squares(reads=("squares",)))
    with pytest.raises(MissingSignalError, match="from itself"):
        viewed(pool, "squares")


def test_a_series_is_read_by_position_not_by_label() -> None:
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([10.0, 20.0, 30.0], index=[2, 1, 0])
    assert Pool(x=series).take("x", [0, 1, 2]).tolist() == [10, 20, 30]


def test_masked_values_are_refused() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(ArrayError, match="masked"):
        Pool(x=masked)


def test_logits_are_no_cosines() -> None:
    pool = Pool(yes_cosines=np.array([[0.5, 0.1], [20.0, 3.0]]))
    with pytest.raises(ArrayError, match=r"'yes_cosines' must be cosines.*index 1"):
        _ = pool.view(LabeledSet(2, 2), reads=("yes_cosines",)).pool["yes_cosines"]


def test_rows_that_come_little_by_little_stay_in_place() -> None:
    learner = Squares()
    pool = pool_of(squares=learner)
    for indices in ([3, 1], [0], [9, 2, 3], [4, 5, 6, 7, 8]):
        assert pool.take("squares", indices).flatten().tolist() == [i * i for i in indices]
    assert sum(len(each) for each, _ in learner.calls) == 10


def test_blocks_are_computed_in_one_pass() -> None:
    learner = Squares()
    pool = pool_of(squares=learner).with_engine(Blocks(rows=3))
    view = viewed(pool, "squares", known=[4])
    assert view.map(torch.neg, "squares").flatten().tolist() == [
        -i * i for i in range(10) if i != 4
    ]
    assert len(learner.calls) == 1
