"""Seconds, side by side; memory; and growth."""

import ctypes
import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.row import Arrays, Peer

__all__ = ["Pairs", "exponent", "pairs", "peak_memory", "seconds", "total_seconds"]

LEAST, MOST = 5, 15  # pairs of runs
ENOUGH = 0.5  # seconds, after which `LEAST` will do
SLOW = 20.0  # seconds; of a slower run there is one pair
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Pairs(NamedTuple):
    """The medians of two that ran in turns: their seconds, and the ratio within a pair."""

    ours: float
    theirs: float
    ratio: float
    count: int


def seconds(run: Callable[[], Any]) -> float:
    """How long a run takes."""
    _wait_for_gpu()
    started = perf_counter()
    run()
    _wait_for_gpu()
    return perf_counter() - started


def _wait_for_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def total_seconds(peer: Peer, arrays: Arrays) -> float:
    """How long a peer takes: measured, or projected from two smaller budgets."""
    if peer.steps is None or arrays["budget"] <= peer.steps[1]:
        return seconds(partial(peer.run, **arrays))
    few, more = peer.steps
    least, larger = (seconds(partial(peer.run, **{**arrays, "budget": b})) for b in (few, more))
    return least + (arrays["budget"] - few) * max(0.0, larger - least) / (more - few)


def pairs(ours: Callable[[], float], theirs: Callable[[], float]) -> Pairs:
    """Ours, theirs, ours, theirs, ...: at least five times, but once where a turn is slow."""
    taken: list[tuple[float, float]] = []
    gc.collect()
    started = perf_counter()
    while len(taken) < MOST:
        before = perf_counter()
        taken.append((ours(), theirs()))
        now = perf_counter()
        if now - before > SLOW or (len(taken) >= LEAST and now - started > ENOUGH):
            break
    mine, other = (median(each) for each in zip(*taken, strict=True))
    return Pairs(mine, other, median(b / a for a, b in taken), len(taken))


def peak_memory(run: Callable[[], Any]) -> tuple[int | None, Any]:
    """How much more memory a run held at its peak, in bytes, and its result. None: no Linux.

    What an earlier run has freed is given back first, so that it cannot be used unseen. Where a GPU
    is in use, its memory is told.
    """
    gc.collect()
    if torch.cuda.is_initialized():
        return _peak_on_gpu(run)
    if not (sys.platform == "linux" and CLEAR_REFS.exists()):
        return None, run()
    ctypes.CDLL(None).malloc_trim(0)
    CLEAR_REFS.write_text("5")  # sets the peak back to what is held now
    before = _peak()
    result = run()
    return _peak() - before, result


def _peak_on_gpu(run: Callable[[], Any]) -> tuple[int, Any]:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = run()
    _wait_for_gpu()
    return torch.cuda.max_memory_allocated() - before, result


def _peak() -> int:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """The e of time ~ size^e, by least squares in logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
