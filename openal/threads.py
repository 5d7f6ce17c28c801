"""One thread for many small operations: several would spend their time waiting for each other."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

__all__ = ["one_thread", "threads_for"]

SMALL = 10**8
"""Multiplications in one pass below which a second thread costs more than it gives."""


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
