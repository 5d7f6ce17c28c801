"""A store is read like an array, from any process, and only as far as is asked."""

import multiprocessing
import pickle
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal.errors import ArrayError, StoreError
from openal.store import Embeddings, _files
from tests.store.made import D, Items, N, encode, expected, filled

ROWS = expected(Items())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    return filled(tmp_path_factory.mktemp("store"), Items())


@given(st.lists(st.integers(-N, N - 1)))
def test_integers_in_any_order(store: Embeddings, indices: list[int]) -> None:
    at = np.array(indices, np.int64)
    np.testing.assert_array_equal(store[at], ROWS[at])


@pytest.mark.long
@given(st.slices(N))
def test_slices(store: Embeddings, at: slice) -> None:
    np.testing.assert_array_equal(store[at], ROWS[at])


@given(st.integers(-N, N - 1))
def test_one_row(store: Embeddings, at: int) -> None:
    np.testing.assert_array_equal(store[at], ROWS[at])


def test_it_is_an_array(store: Embeddings) -> None:
    assert (store.shape, store.ndim, len(store)) == ((N, D), 2, N)
    np.testing.assert_array_equal(np.asarray(store, np.float64), ROWS.astype(np.float64))
    np.testing.assert_array_equal(np.stack([*store]), ROWS)
    with pytest.raises(ValueError, match="without a copy"):
        store.__array__(copy=False)


@pytest.mark.parametrize("index", [N, -N - 1, [0, N]])
def test_there_are_no_other_rows(store: Embeddings, index: Any) -> None:
    with pytest.raises(IndexError, match="from 0 to 49"):
        store[index]


@pytest.mark.parametrize("index", [True, 1.0, "a", None, [0.5], np.ones(N, bool), [[1]]])
def test_what_is_no_index(store: Embeddings, index: Any) -> None:
    with pytest.raises(ArrayError):
        store[index]


def test_what_is_read_is_a_copy(store: Embeddings) -> None:
    store[:][0] = 7
    np.testing.assert_array_equal(store[0], ROWS[0])
    assert not store._mapped[0].flags.writeable


def test_only_the_shards_asked_for_are_opened(store: Embeddings) -> None:
    fresh = Embeddings(store.folder)
    fresh[[1, 9, 2]]
    assert [*fresh._mapped] == [0, 1]


def test_few_shards_are_open_at_a_time(store: Embeddings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openal.store.embeddings.OPEN", 2)
    fresh = Embeddings(store.folder)
    np.testing.assert_array_equal(fresh[:], ROWS)
    assert len(fresh._mapped) == 2


@pytest.mark.long
def test_it_travels_by_its_path(store: Embeddings) -> None:
    assert len(pickle.dumps(store)) < 500
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(store.__getitem__, ([3, 40],)), ROWS[[3, 40]])


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    store = filled(tmp_path, Items())
    store.verify()
    flip(tmp_path / "shard-00003.npy")
    with pytest.raises(StoreError, match=r"shard-00003.npy is damaged: it is not what was written"):
        store.verify()


def flip(path: Path) -> None:
    flipped = bytearray(path.read_bytes())
    flipped[-5] ^= 1
    path.write_bytes(flipped)


def test_a_flipped_bit_is_not_served(tmp_path: Path) -> None:
    filled(tmp_path, Items())
    flip(tmp_path / "shard-00003.npy")
    store = Embeddings(tmp_path)
    np.testing.assert_array_equal(store[:24], ROWS[:24])
    for _ in range(2):
        with pytest.raises(StoreError, match=r"shard-00003.npy is damaged: it is not what was"):
            store[24]


def test_unless_nobody_wants_to_know(tmp_path: Path) -> None:
    filled(tmp_path, Items())
    flip(tmp_path / "shard-00003.npy")
    store = Embeddings(tmp_path, verify=False)
    for unverified in (store, pickle.loads(pickle.dumps(store))):
        assert not np.array_equal(unverified[24:32], ROWS[24:32])
    assert not np.array_equal(filled(tmp_path, Items(), verify=False)[24:32], ROWS[24:32])


def test_a_file_is_read_whole_once_in_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, Items())
    seen, checksum = list[str](), _files.checksum
    monkeypatch.setattr(
        _files, "checksum", lambda path: (seen.append(path.name), checksum(path))[1]
    )
    for _ in range(2):
        Embeddings(tmp_path)[[1, 9, 2]]
    assert seen == ["shard-00000.npy", "shard-00001.npy"]


def test_a_file_that_changed_since_is_read_again(tmp_path: Path) -> None:
    filled(tmp_path, Items())[:]
    flip(tmp_path / "shard-00003.npy")
    with pytest.raises(StoreError, match="is damaged"):
        Embeddings(tmp_path)[24]


@pytest.mark.long
def test_threads_share_one_store(store: Embeddings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openal.store.embeddings.OPEN", 2)
    fresh = Embeddings(store.folder)

    def read(seed: int) -> bool:
        indices = np.random.default_rng(seed).integers(N, size=(200, 5))
        return all(np.array_equal(fresh[at], ROWS[at]) for at in indices)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))


def read_with_few_files(folder: Path, limit: int) -> bool:
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return np.array_equal(Embeddings(folder)[:], expected(Items(400)))


@pytest.mark.long
def test_a_store_of_many_shards_needs_few_open_files(tmp_path: Path) -> None:
    filled(tmp_path, Items(400), shard_rows=1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(read_with_few_files, (tmp_path, 100))


def test_another_header_is_refused(tmp_path: Path) -> None:
    store = filled(tmp_path, Items())
    path = tmp_path / "shard-00003.npy"
    path.write_bytes(path.read_bytes().replace(b"'<f2'", b"'|O2'"))
    with pytest.raises(StoreError, match="no file of 8 x 6 float16"):
        store[24]


def test_an_unfinished_store_says_what_to_do(tmp_path: Path) -> None:
    filled(tmp_path, Items(), part=(0, 2))
    with pytest.raises(StoreError, match="24 of 50 rows are missing; fill it again"):
        Embeddings(tmp_path)
    with pytest.raises(StoreError, match=r"there is no manifest\.json"):
        Embeddings(tmp_path / "nowhere")


def test_nobody_sees_half_a_shard(tmp_path: Path) -> None:
    """Whenever the encoder runs, a row is there in full or missing."""
    seen: list[int] = []

    def watched(x: Tensor) -> Tensor:
        store = Embeddings(tmp_path, partial=True)
        seen.append(len(store) - store.missing)
        for row in range(seen[-1]):
            np.testing.assert_array_equal(store[row], ROWS[row])
        return encode(x)

    filled(tmp_path, Items(), watched)
    assert sorted({*seen}) == [*range(0, N, 8)]


def test_a_reader_sees_only_whole_shards_while_another_process_writes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writer = context.Process(target=filled, args=(tmp_path, Items()))
    writer.start()
    missing = N
    while missing:
        if (tmp_path / "manifest.json").exists():
            store = Embeddings(tmp_path, partial=True)
            missing = store.missing
            rows = np.arange(N - missing)
            np.testing.assert_array_equal(store[rows], ROWS[rows][:, : store.shape[1]])
    writer.join()
