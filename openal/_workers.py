"""Processes that read items: where none may be started, and what it means when one dies."""

import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import current_process
from pickle import PicklingError
from typing import Any

import torch
from torch.utils.data import DataLoader

from openal.errors import ArgumentError

__all__ = ["loaded", "plain_worker_errors", "usable_workers"]

DIED = re.compile(r"DataLoader worker \(pid")
CAUGHT = re.compile(r"^Caught \w+ in DataLoader worker process .*ArgumentError: ", re.DOTALL)
KILLED = "one was killed, most often because memory ran out, which each of them takes"

SIGNAL_SECONDS = 0.5
"""So long after a batch was lost, the signal of the death of its worker has come."""

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
        raise _refusal(workers, f"{KILLED}: {said}") from None
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
    while (batch := _next(found, loader.num_workers)) is not None:
        yield batch


def _next(found: Iterator[Any], workers: int) -> Any:
    """The next batch, or None after the last."""
    with plain_worker_errors(workers):
        try:
            return next(found, None)
        except (ConnectionError, EOFError) as error:  # while a batch of a dead one was fetched
            if "Caught" in str(error) or not workers:  # it is the data set's own
                raise
            _wait_for_the_signal()
            raise _refusal(workers, f"{KILLED}: {error!r}") from None


def _wait_for_the_signal() -> None:
    """Let PyTorch's signal handler tell of the death here, and not in whatever comes next."""
    with suppress(RuntimeError):
        time.sleep(SIGNAL_SECONDS)


def _refusal(workers: int, why: str) -> ArgumentError:
    advice = f"workers={workers} cannot read the items; workers=0 reads them here"
    return ArgumentError(f"{advice}: {why}")
