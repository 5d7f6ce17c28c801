"""A damaged store of embeddings is refused, gives the rows it gave, or is filled anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.store import Embeddings
from tests.fuzz.damage import BYTES
from tests.fuzz.harness import CASES, Loader
from tests.fuzz.structured import in_json, in_npy, weighted
from tests.store.made import Items, filled

ITEMS = Items(broken=(2, 20))
DAMAGES = {"manifest.json": weighted(in_json), ".npy": weighted(in_npy)}


def rows(folder: Path) -> bytes:
    """All rows, where nothing has changed since they were written."""
    store = Embeddings(folder)
    store.verify()
    return store[:].tobytes()


def shape(folder: Path) -> Any:
    """What a reader sees who does not verify: as many rows as it says."""
    store = Embeddings(folder, partial=True)
    found = np.array([store[index] for index in range(len(store))]) if not store.missing else None
    assert found is None or (found.shape, found.dtype) == (store.shape, store.dtype)
    return store.shape


def refilled(folder: Path) -> bytes:
    return rows(filled(folder, ITEMS).folder)


@pytest.mark.parametrize("read", [rows, refilled], ids=["verify", "fill"])
def test_it_gives_the_rows_it_gave(
    folder: Path, fuzzed: Callable[[Loader], None], read: Callable[[Path], bytes]
) -> None:
    filled(folder, ITEMS)
    fills = read is refilled
    fuzzed(Loader(read, DAMAGES, writes=fills, cases=CASES // 4 if fills else CASES))


def test_it_is_read_without_being_verified(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    filled(folder, ITEMS)
    fuzzed(Loader(shape, DAMAGES, good=lambda whole, found: found[0] <= 2**40))


def test_an_unfinished_one_is_finished(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    filled(folder, ITEMS, part=(0, 2))
    damages = {"manifest.json": BYTES, ".npy": BYTES, "lock": BYTES}
    fuzzed(Loader(refilled, damages, writes=True, cases=CASES // 8))
