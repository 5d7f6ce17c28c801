"""Threads: many small operations on one, independent parts on all.

A process that is forked has one of torch's threads, as in the workers of a data loader: the others
stay behind in the parent, and whoever waits for them waits for ever.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, islice
from typing import TypeVar

import torch

__all__ = ["for_each", "one_thread", "threads_for"]

T = TypeVar("T")
SMALL = 10**8
"""Multiplications in one pass below which a second thread costs more than it gives."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch use one thread on the CPU, and puts back what was there."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(multiplications: int) -> AbstractContextManager[None]:
    """One thread where a pass is as small as this, else as many as there are."""
    return one_thread() if multiplications < SMALL else nullcontext()


def for_each(parts: Iterable[T], function: Callable[[T], object]) -> None:
    """Calls the function with every part, as many at a time as torch may use threads.

    Every call has one thread of torch's for itself. Several that shared each small operation
    would wait for each other by spinning, ten times longer where another program has the core;
    and a part has the same bits for any number of threads. Calls write to places of their own.
    Parts are made one after another, and few are held.
    """
    workers, parts = torch.get_num_threads(), iter(parts)
    with one_thread():
        first = list(islice(parts, 2))
        if workers == 1 or len(first) < 2:
            for part in chain(first, parts):
                function(part)
            return
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            _hand_out(pool, chain(first, parts), _like_here(function), workers)


def _hand_out(
    pool: ThreadPoolExecutor, parts: Iterator[T], function: Callable[[T], object], workers: int
) -> None:
    waiting: deque[Future[object]] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(function, part))
            if len(waiting) > workers:
                waiting.popleft().result()
        while waiting:
            waiting.popleft().result()
    finally:
        for each in waiting:
            each.cancel()


def _like_here(function: Callable[[T], object]) -> Callable[[T], object]:
    """The function with this thread's inference and gradient modes, which are per thread."""
    inference, grad = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    def run(part: T) -> object:
        with torch.inference_mode(inference), torch.set_grad_enabled(grad):
            return function(part)

    return run
