"""Arrays on a disk as HDF5 and Zarr offer them: stand-ins that refuse what those refuse."""

from typing import Any

import numpy as np
import pytest

from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Chain
from openal.selection import Top
from openal.strategies import CCAL, NEAT, Coreset, TypiClust, Uncertainty
from openal.view import Blocks
from tests.walking import walked

Z = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
LOGITS = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)
STRATEGIES = (NEAT(), TypiClust(), CCAL(), Coreset(), Uncertainty())


class HDF5:
    """As h5py.Dataset: indices must increase, without duplicates or negative ones."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.read = values, 0
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise AssertionError("the whole array was read")

    def __getitem__(self, index: Any) -> np.ndarray:
        if not isinstance(index, slice):
            index = np.asarray(index)
            if len(index) == 0 or index.min() < 0 or (np.diff(index) <= 0).any():
                raise TypeError("Indexing elements must be in increasing order")
        rows: np.ndarray = self.values[index]
        self.read += len(rows)
        return rows


class Zarr:
    """As zarr.Array: no length, slices by [], arrays of indices by `oindex`."""

    def __init__(self, values: np.ndarray) -> None:
        self.oindex = HDF5(values)
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise AssertionError("the whole array was read")

    def __getitem__(self, index: Any) -> np.ndarray:
        if not isinstance(index, slice):
            raise IndexError("unsupported selection item for basic indexing")
        return self.oindex[index]


KINDS: dict[str, Any] = {"HDF5": HDF5, "Zarr": Zarr}


def ledger() -> LabeledSet:
    labeled = LabeledSet(60, 3)
    labeled.add([41, 3, 30, 7, 22, 9], [0, 1, 2, 0, UNKNOWN, UNKNOWN])
    return labeled


def asked(pool: Pool, strategy: Any) -> list[int]:
    indices: list[int] = strategy.query(pool, ledger(), 4, seed=0).indices.tolist()
    return indices


@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_a_query_is_that_of_the_array_in_memory(kind: str, strategy: Any) -> None:
    lazy = Pool(embeddings=KINDS[kind](Z), logits=KINDS[kind](LOGITS), features=Z)
    assert asked(lazy, strategy) == asked(Pool(embeddings=Z, logits=LOGITS, features=Z), strategy)


@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("indices", [[5, 3, 3, 59, 0], [9, 8, 7], [50, 1], [4], []], ids=str)
def test_rows_come_in_the_order_that_was_asked_for(kind: str, indices: list[int]) -> None:
    pool = Pool(embeddings=KINDS[kind](Z))
    source = pool._sources["embeddings"]
    rows = source.take(pool, "embeddings", np.array(indices, np.int64), names=())  # type: ignore[union-attr]
    assert np.array_equal(rows.numpy(), Z[np.array(indices, np.int64)])


def test_far_rows_are_read_alone() -> None:
    values = HDF5(Z)
    Pool(embeddings=values).take("embeddings", [59, 0, 20])
    assert values.read == 3


@walked
@pytest.mark.parametrize("kind", KINDS)
def test_the_length_is_that_of_the_shape(kind: str) -> None:
    assert len(Pool(embeddings=KINDS[kind](Z))) == 60


def test_small_blocks_of_a_narrowed_pool_give_the_same() -> None:
    best = Chain(Top(by_first_column, factor=2), Coreset())
    lazy = Pool(embeddings=HDF5(Z), features=HDF5(Z)).with_engine(Blocks(rows=7))
    assert asked(lazy, best) == asked(Pool(embeddings=Z, features=Z), best)


def by_first_column(view: Any) -> Any:
    return view.map(first_column, "embeddings")


def first_column(z: Any) -> Any:
    return z[:, 0]


by_first_column.reads = ("embeddings",)  # type: ignore[attr-defined]
