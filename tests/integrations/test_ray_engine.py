"""RayEngine: the same queries as in one process, from two workers."""

import os
import signal
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import LabeledSet, Pool
from openal.errors import ArgumentError, ArrayError, ScoreError, StoreError
from openal.integrations.ray import RayEngine, _worker
from openal.integrations.ray._carried import Elsewhere
from openal.store import Embeddings, build_store
from openal.strategies import CLIPNAL, NEAT, LfOSA, available
from openal.view import Rows
from tests.conftest import THREADS
from tests.integrations.ray_cluster import real, signals_of
from tests.walking import walked

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def about(
    shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Pool, LabeledSet]:
    """Real embeddings in a file, the rest in memory."""
    z, labeled = real(shared_data)
    path = tmp_path_factory.mktemp("pool") / "z.npy"
    np.save(path, z)
    return Pool(**{**signals_of(z, labeled), "embeddings": np.load(path, mmap_mode="r")}), labeled


THREE = {"CLIPNAL": CLIPNAL, "LfOSA": LfOSA, "NEAT": NEAT}
KINDS = THREE if os.getenv("CI") else available()
"""CI is short of time; `pytest -m full` takes all."""


@walked
@pytest.mark.parametrize("kind", KINDS.values(), ids=[*KINDS])
def test_a_query_is_that_of_one_process(
    kind: Any, about: tuple[Pool, LabeledSet], ray: Any
) -> None:
    pool, labeled = about
    here = kind().query(pool, labeled, 20, seed=0, progress=False)
    there = kind().query(pool.with_engine(RayEngine(rows=257)), labeled, 20, seed=0, progress=False)
    assert there.indices.tolist() == here.indices.tolist()
    assert there.scores is here.scores is None or there.scores.equal(here.scores)


def test_a_head_on_embeddings_computes_where_they_are(
    shared_data: Callable[[str], Path], ray: Any
) -> None:
    z, labeled = real(shared_data, 9000)
    here = LfOSA().query(Pool(embeddings=z), labeled, 20, seed=0, progress=False)
    pool = Pool(embeddings=z).with_engine(RayEngine())
    there = LfOSA().query(pool, labeled, 20, seed=0, progress=False)
    assert there.indices.tolist() == here.indices.tolist()
    assert there.scores.equal(here.scores)


def doubled(block: Tensor) -> Tensor:
    return 2 * block[:, 0]


def mapped(
    values: Any,
    function: Callable[..., Tensor] = doubled,
    *columns: Any,
    rows: int = 10,
    **options: Any,
) -> Tensor:
    """A function over a signal `x`, by the engine, at all but the first five items."""
    n = len(values)
    labeled = LabeledSet(n, 2)
    labeled.add(range(5), [0, 1, 0, 1, -1])
    pool = Pool(x=values).with_engine(RayEngine(rows=rows, **options))
    return pool.view(labeled, reads=("x",)).map(function, "x", *columns)


X = np.arange(200.0).reshape(100, 2)


def in_a_file(folder: Path, values: np.ndarray) -> Any:
    np.save(folder / "x.npy", values)
    return np.load(folder / "x.npy", mmap_mode="r")


def of_a_store(folder: Path) -> Embeddings:
    options = {"fingerprint": {}, "dtype": "float32", "shard_rows": 16, "progress": False}
    return build_store(folder / "store", torch.from_numpy(X), lambda x: x.float(), **options)


@walked
@pytest.mark.parametrize(
    "kind", ["array", "tensor", "bfloat16", "file", "part of a file", "columns first", "store"]
)
def test_rows_are_read_from_wherever_they_are(kind: str, tmp_path: Path, ray: Any) -> None:
    values = {
        "array": lambda: X,
        "tensor": lambda: torch.from_numpy(X),
        "bfloat16": lambda: torch.from_numpy(X).bfloat16(),
        "file": lambda: in_a_file(tmp_path, X),
        "part of a file": lambda: in_a_file(tmp_path, np.repeat(X, 3, axis=1))[:, 1::3],
        "columns first": lambda: in_a_file(tmp_path, np.asfortranarray(X)),
        "store": lambda: of_a_store(tmp_path),
    }[kind]()
    found = mapped(values)
    assert found.tolist() == torch.from_numpy(2 * X[5:, 0]).to(found).tolist()


def test_a_changed_array_is_read_as_it_is_now(ray: Any) -> None:
    labeled = LabeledSet(100, 2)
    values = X.copy()
    view = Pool(x=values).with_engine(RayEngine(rows=10)).view(labeled, reads=("x",))
    before = view.map(doubled, "x")
    values += 1
    assert (view.map(doubled, "x") - before).tolist() == [2.0] * 100


def summed(block: Tensor, more: Tensor) -> Tensor:
    return block[:, 0] + more


def test_columns_of_numbers_go_along(ray: Any) -> None:
    more = torch.arange(95) * 1000.0
    assert mapped(X, summed, more).tolist() == (torch.from_numpy(X[5:, 0]) + more).tolist()


def refuse(block: Tensor) -> Tensor:
    raise ZeroDivisionError("no such thing")


def test_an_error_in_a_worker_is_that_of_one_process(ray: Any) -> None:
    with pytest.raises(ZeroDivisionError, match="no such thing"):
        mapped(X, refuse)


def test_a_bad_row_is_named_by_its_index(ray: Any) -> None:
    bad = X.copy()
    bad[[60, 80]] = np.nan
    with pytest.raises(ArrayError, match="index 60 is not"):
        mapped(bad)


def test_too_few_results_are_refused(ray: Any) -> None:
    with pytest.raises(ScoreError, match="one row per row, 10 here"):
        mapped(X, torch.Tensor.sum)


def test_a_function_that_cannot_be_sent_is_refused(ray: Any) -> None:
    lock = Lock()
    with pytest.raises(ScoreError, match="cannot be sent to another process"):
        mapped(X, lambda block: block[:, int(lock.locked())])


def test_a_file_that_a_worker_does_not_find_is_named(tmp_path: Path, ray: Any) -> None:
    values = in_a_file(tmp_path, X)
    (tmp_path / "x.npy").unlink()
    with pytest.raises(StoreError, match=r"x\.npy cannot be read on .*every machine"):
        mapped(values)


def warned(block: Tensor) -> Tensor:
    warnings.warn("too warm", stacklevel=2)
    return block[:, 0]


def test_a_warning_comes_back_once(ray: Any) -> None:
    with pytest.warns(UserWarning, match="too warm") as caught:
        mapped(X, warned)
    assert len(caught) == 1


def threads(block: Tensor) -> Tensor:
    return torch.full((len(block),), torch.get_num_threads())


def test_a_worker_computes_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    work = _worker.Work(threads, (None,), Elsewhere({}, {}, 0), "highest")
    monkeypatch.setitem(_worker._works, "key", work)
    torch.set_num_threads(2)
    try:
        outcome = _worker.mapped("key", [None], [(np.arange(3), [np.zeros(3)])], [])
    finally:
        torch.set_num_threads(THREADS)
    assert outcome.returned[0].tolist() == [1, 1, 1]


class Taken:
    """Signals of another kind, which only this process has."""

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        return torch.from_numpy(X[indices])

    def prepare(self, name: str, indices: np.ndarray) -> None:
        pass

    def kept(self, name: str) -> dict[Any, Any]:
        return {}


def test_rows_that_only_this_process_has_are_sent(ray: Any) -> None:
    rows = Rows(np.array([7, 3, 50]), Taken())
    assert RayEngine(rows=2)(doubled, rows, ("x",)).tolist() == [28.0, 12.0, 200.0]


def wide(block: Tensor) -> Tensor:
    return block.repeat(1, 100)


def test_a_result_that_is_too_large_for_this_process_is_refused(ray: Any) -> None:
    with pytest.raises(
        ArgumentError, match="152,000 bytes here; gather_bytes of RayEngine is 99,9"
    ):
        mapped(X, wide, gather_bytes=99_999)


def die_once(block: Tensor, *, flag: Path) -> Tensor:
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return block[:, 0]


def test_what_a_killed_worker_was_at_is_computed_again(tmp_path: Path, ray: Any) -> None:
    flag = tmp_path / "killed"
    assert mapped(X, partial(die_once, flag=flag)).tolist() == X[5:, 0].tolist()
    assert flag.exists()


def die(block: Tensor) -> Tensor:
    os.kill(os.getpid(), signal.SIGKILL)
    return block[:, 0]


def test_a_worker_that_always_dies_is_an_error_that_says_what_to_do(ray: Any) -> None:
    with pytest.raises(ScoreError, match=r"workers died 1 times.*RayEngine\(block_bytes"):
        mapped(X, die, retries=0)
