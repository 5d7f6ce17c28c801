"""Processes that read items: where none may be started, and what it means when one dies."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import current_process
from pickle import PicklingError
from typing import Any

import torch
from torch.utils.data import DataLoader

from openal.errors import ArgumentError

__all__ = ["loaded", "plain_worker_errors", "usable_workers"]

DIED = re.compile(r"DataLoader worker \(pid")
CAUGHT = re.compile(r"^Caught \w+ in DataLoader worker process .*ArgumentError: ", re.DOTALL)

_warned: set[int] = set()
"""The processes in which it was said that workers cannot be started."""


def usable_workers(workers: int) -> int:
    """So many, or 0 and a warning in a daemonic process, which may not start others.

    Those of `multiprocessing.Pool` and the workers of a `DataLoader` are daemonic.
    """
    process = current_process()
    if not workers or not process.daemon:
        return workers
    if process.pid not in _warned:
        _warned.add(process.pid or 0)
        warnings.warn(
            f"workers={workers} cannot be started by {process.name}, which is daemonic (of a "
            f"multiprocessing.Pool, say): the items are read here, as by workers=0.",
            stacklevel=3,
        )
    return 0


@contextmanager
def plain_worker_errors(workers: int) -> Iterator[None]:
    """Turn what a DataLoader says of its workers into one sentence, without their tracebacks.

    The death of a worker may be told by a signal, in the middle of whatever is computed meanwhile:
    the block must hold that as well.
    """
    try:
        yield
    except RuntimeError as error:
        if not DIED.search(str(error)):
            raise
        said = " ".join(str(error).split())
        why = f"one was killed, most often because memory ran out, which each of them takes: {said}"
        raise _refusal(workers, why) from None
    except ArgumentError as error:  # one of ours, raised in a worker
        if not CAUGHT.search(str(error)):
            raise
        raise ArgumentError(CAUGHT.sub("", str(error)).strip()) from None


def loaded(loader: DataLoader[Any]) -> Iterator[Any]:
    """The batches of a loader; workers that cannot start, or die, are an error in one sentence."""
    try:
        with torch.device("cpu"):  # where it draws a seed, and its workers make items
            found = iter(loader)
    except (PicklingError, AttributeError, TypeError) as error:  # all three are pickle's
        if not loader.num_workers:
            raise
        raise _refusal(loader.num_workers, str(error)) from error
    while True:
        with plain_worker_errors(loader.num_workers):
            batch = next(found, None)
        if batch is None:
            return
        yield batch


def _refusal(workers: int, why: str) -> ArgumentError:
    advice = f"workers={workers} cannot read the items; workers=0 reads them here"
    return ArgumentError(f"{advice}: {why}")
