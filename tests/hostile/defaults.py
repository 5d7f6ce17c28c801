"""Another default device and another default number type of torch, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def default_device() -> Iterator[None]:
    """The meta device stands in for a second one: what is made there by mistake has no numbers."""
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def default_type() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def both_defaults() -> Iterator[None]:
    """What is made without a device has no numbers, what is made without a type is in double."""
    with default_device(), default_type():
        yield


def alike(a: Tensor | None, b: Tensor | None) -> bool:
    """Whether two results have the same numbers, of the same type, both on the CPU."""
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and a.is_cpu and b.is_cpu and torch.equal(a, b)
