"""Processes that read items: killed ones, and where none may be started."""

import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, get_worker_info

from openal import Pool
from openal._workers import loaded, plain_worker_errors, usable_workers
from openal.errors import ArgumentError
from openal.learners import Encoder, MCDropout
from openal.model import Model
from openal.store import build_store

ALL = np.arange(20)
WHY = r"^workers=2 cannot read the items; workers=0 reads them here: one was killed.*memory"


class Killed:
    """Items in the middle of which the process that reads them is killed, as for its memory."""

    def __len__(self) -> int:
        return len(ALL)

    def __getitem__(self, index: int) -> Tensor:
        if index == 13 and get_worker_info() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.ones(3)


class Refused(Killed):
    def __getitem__(self, index: int) -> Tensor:
        raise ValueError("it is corrupt")


class Sleepy(nn.Module):
    """Computes for so long that the worker is dead before it is asked for the next batch."""

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(0.3)
        return nn.functional.dropout(x, 0.0)


def asked(learner: Any) -> Callable[[Any, Path], Any]:
    return lambda items, _: learner.signals(Pool(items), ALL, learner.offers[-1:], progress=False)


def stored(items: Any, folder: Path) -> Any:
    given: dict[str, Any] = {"batch_size": 4, "shard_rows": 4, "fingerprint": {}, "progress": False}
    return build_store(folder / "store", items, Sleepy(), workers=2, **given)


READERS = {
    "Model": asked(Model(Sleepy(), batch_size=4, workers=2)),
    "Encoder": asked(Encoder(Sleepy(), batch_size=4, workers=2)),
    "MCDropout": asked(
        MCDropout(nn.Sequential(Sleepy(), nn.Dropout()), 1, batch_size=4, workers=2)
    ),
    "build_store": stored,
}


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_a_killed_worker_is_one_short_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=WHY) as caught:
        READERS[name](Killed(), tmp_path)
    assert caught.value.__suppress_context__
    assert "\n" not in str(caught.value)


def test_a_death_that_is_told_while_others_compute_is_the_same_error() -> None:
    with pytest.raises(ArgumentError, match=WHY), plain_worker_errors(2):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error. \nIt is shm")


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), EOFError()])
def test_a_batch_of_a_dead_worker_that_is_lost_is_the_same_error(error: Exception) -> None:
    class Loader(DataLoader[Any]):
        def __iter__(self) -> Any:
            raise_once = iter([error])
            return iter(lambda: _raised(next(raise_once)), None)

    loader = Loader(Plain(), num_workers=2)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=WHY):
        next(loaded(loader))


def _raised(error: Exception) -> Any:
    raise error


def test_another_error_stays() -> None:
    with pytest.raises(RuntimeError, match=r"^no worker of ours$"), plain_worker_errors(2):
        raise RuntimeError("no worker of ours")


@pytest.mark.long
def test_what_a_worker_refuses_is_one_sentence() -> None:
    with pytest.raises(ArgumentError, match=r"^items\[0\] must give a tensor.*corrupt$") as caught:
        READERS["Model"](Refused(), Path())
    assert "\n" not in str(caught.value)


# --- daemonic processes


def in_a_daemon(function: Callable[[Path], Any], folder: Path) -> Any:
    with get_context("fork").Pool(1) as pool:
        return pool.apply(function, (folder,))


class Plain:
    def __len__(self) -> int:
        return len(ALL)

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((3,), float(index))


def embedded_twice(_: Path) -> tuple[list[float], list[str]]:
    encoder, names = Encoder(nn.Identity(), workers=2), ("embeddings",)
    with catch_warnings(record=True) as warned:
        simplefilter("always")
        z = [encoder.signals(Pool(Plain()), ALL, names, progress=False) for _ in range(2)]
    return z[1]["embeddings"][:, 0].tolist(), [str(each.message) for each in warned]


def stored_rows(folder: Path) -> list[float]:
    with pytest.warns(UserWarning, match="workers=2 cannot be started"):
        return build_store(folder, Plain(), nn.Identity(), fingerprint={}, workers=2)[:][
            :, 0
        ].tolist()


def test_a_daemonic_process_reads_items_itself_and_says_so_once(tmp_path: Path) -> None:
    rows, warned = in_a_daemon(embedded_twice, tmp_path)
    assert rows == ALL.tolist()
    assert [text.partition(" cannot")[0] for text in warned] == ["workers=2"]


def test_a_daemonic_process_fills_a_store(tmp_path: Path) -> None:
    assert in_a_daemon(stored_rows, tmp_path / "store") == ALL.tolist()


def test_other_processes_have_their_workers() -> None:
    assert usable_workers(2) == 2
