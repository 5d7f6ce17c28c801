"""Threads: many small operations on one, independent parts on all.

A process that is forked has one of torch's threads, as in the workers of a data loader: the others
stay behind in the parent, and whoever waits for them waits for ever.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import islice
from threading import Lock, local
from typing import Generic, TypeVar

import torch

__all__ = ["for_each", "one_thread", "threads_for", "whole_parts"]

T = TypeVar("T")
SMALL = 10**8
"""Multiplications in one pass below which a second thread costs more than it gives."""

MOST = 8  # threads: memory grows with their number


class _Held(local):
    """How many `one_thread` this thread is in, and the threads that it leaves to `for_each`."""

    depth = 0
    spare = 1


class _Others:
    """How many threads are in `one_thread`, and how many of torch's the first of them found."""

    def __init__(self) -> None:
        self.lock, self.count, self.threads = Lock(), 0, 1


_held, _others = _Held(), _Others()


def _begin_in_child() -> None:
    """A forked child has this thread alone, and one of torch's; a lock may have been another's."""
    torch.set_num_threads(1)
    _others.__init__()  # type: ignore[misc]
    _others.count = int(_held.depth > 0)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_begin_in_child)


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch use one thread on the CPU, and puts back what was there.

    A thread that comes while another is in here finds one thread: it puts back what that one found.
    """
    if _held.depth == 0:
        with _others.lock:
            if not _others.count:
                _others.threads = torch.get_num_threads()
            _others.count += 1
    _held.depth, _held.spare, spare = _held.depth + 1, 1, _held.spare
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _held.depth, _held.spare = _held.depth - 1, spare
        if _held.depth == 0:
            with _others.lock:
                _others.count -= 1
            torch.set_num_threads(_others.threads)


@contextmanager
def whole_parts() -> Iterator[None]:
    """Leaves all threads to `for_each`: what is done between its calls takes one.

    Also a decorator, for functions whose time is that of `for_each`.
    """
    spare, before = torch.get_num_threads(), _held.spare
    with one_thread():
        _held.spare = max(spare, before)
        yield


def threads_for(multiplications: int) -> AbstractContextManager[None]:
    """One thread where a pass is as small as this, else as many as there are."""
    return one_thread() if multiplications < SMALL else nullcontext()


def for_each(parts: Iterable[T], function: Callable[[T], object]) -> None:
    """Calls the function with every part, as many at a time as torch may use threads.

    Every call has one thread of torch's for itself. Several that shared each small operation
    would wait for each other by spinning, ten times longer where another program has the core;
    and a part has the same bits for any number of threads. Calls write to places of their own.
    Each thread takes the next part when it is done with one. There are eight at most, each of which
    holds one part and what the function makes of it.
    """
    threads = max(torch.get_num_threads(), _held.spare)
    helpers, queue = min(MOST, threads) - 1, _Queue(iter(parts))
    run = partial(_work, queue, function)
    with one_thread():
        if not (helpers and queue.has_several()):
            run()
            return
        with ThreadPoolExecutor(helpers) as pool:
            waiting = [pool.submit(_like_here(run)) for _ in range(helpers)]
            run()
            for each in waiting:
                each.result()


class _Queue(Generic[T]):
    """Parts that several threads take; none once one of them failed."""

    def __init__(self, parts: Iterator[T]) -> None:
        self.ahead, self.rest, self.lock = deque(islice(parts, 2)), parts, Lock()

    def has_several(self) -> bool:
        return len(self.ahead) > 1

    def take(self) -> list[T]:
        """The next part, or nothing."""
        with self.lock:
            return [self.ahead.popleft()] if self.ahead else list(islice(self.rest, 1))

    def close(self) -> None:
        with self.lock:
            self.ahead, self.rest = deque(), iter(())


def _work(queue: _Queue[T], function: Callable[[T], object]) -> None:
    try:
        while part := queue.take():
            function(part[0])
    except BaseException:
        queue.close()
        raise


def _like_here(run: Callable[[], None]) -> Callable[[], None]:
    """The function with one thread, and with this thread's modes and stream: each has its own."""
    inference, grad = torch.is_inference_mode_enabled(), torch.is_grad_enabled()
    stream = torch.cuda.current_stream() if torch.cuda.is_initialized() else None

    def there() -> None:
        with (
            one_thread(),
            torch.inference_mode(inference),
            torch.set_grad_enabled(grad),
            torch.cuda.stream(stream),  # None is no stream
        ):
            run()

    return there
