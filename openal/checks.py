"""The border: what users pass, turned into what we compute with, or refused in one sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError

__all__ = ["as_count", "as_finite", "as_indices", "as_integers", "as_number", "first_bad_row"]


def as_count(value: Any, argument: str, *, minimum: int = 0) -> int:
    """The integer `value`, at least `minimum`; a bool, a float or a string is refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ArgumentError(f"{argument} must be an integer, got {value!r}.")
    if value < minimum:
        raise ArgumentError(f"{argument} must be at least {minimum}, got {value}.")
    return int(value)


def as_number(
    value: Any, argument: str, *, minimum: float = float("-inf"), above: float = float("-inf")
) -> float:
    """The finite number `value`, at least `minimum` and larger than `above`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ArgumentError(f"{argument} must be a number, got {value!r}.")
    if not (minimum <= value < float("inf") and value > above):
        least = f"at least {minimum:g}" if minimum > above else f"above {above:g}"
        raise ArgumentError(f"{argument} must be a finite number {least}, got {value}.")
    return float(value)


def as_integers(values: Any, argument: str) -> np.ndarray:
    """A fresh int64 array [n] of the whole numbers in `values`; bools and floats are refused."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    if not isinstance(values, np.ndarray):
        values = list(values) if not isinstance(values, Sequence | int) else values
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, np.int64)
    if array.ndim != 1:
        raise ArrayError(f"{argument} must be one-dimensional, got shape {array.shape}.")
    if array.dtype.kind not in "iu":
        raise ArrayError(
            f"{argument} must be integers, got {array.dtype}; position 0 is {array[0]!r}."
        )
    return array.astype(np.int64)


def as_indices(values: Any, argument: str, *, size: int) -> np.ndarray:
    """A fresh int64 array of distinct indices, each in 0..size-1."""
    indices = as_integers(values, argument)
    outside = np.flatnonzero((indices < 0) | (indices >= size))
    if len(outside):
        at = outside[0]
        raise ArrayError(f"{argument}[{at}] is {indices[at]}; indices run from 0 to {size - 1}.")
    _, first = np.unique(indices, return_index=True)
    if len(first) < len(indices):
        at = np.setdiff1d(np.arange(len(indices)), first)[0]
        raise ArrayError(f"{argument}[{at}] is {indices[at]}, which is there already.")
    return indices


def as_finite(values: Any, argument: str, *, ndim: int | None = None) -> Tensor:
    """A float tensor without NaN or infinity: float32, or float64 where that came in."""
    tensor = values if isinstance(values, Tensor) else torch.as_tensor(np.asarray(values))
    if ndim is not None and tensor.ndim != ndim:
        raise ArrayError(f"{argument} must have {ndim} dimensions, got {tuple(tensor.shape)}.")
    if tensor.is_complex() or tensor.is_sparse:
        raise ArrayError(f"{argument} must be real and dense, got {tensor.dtype}.")
    tensor = tensor.detach()
    tensor = tensor if tensor.dtype == torch.float64 else tensor.float()
    row = first_bad_row(tensor)
    if row is not None:
        raise ArrayError(f"{argument} must be finite; row {row} is not: {tensor[row]!r:.80}")
    return tensor


def first_bad_row(tensor: Tensor) -> int | None:
    """The first row that holds a NaN or an infinity, or None."""
    if tensor.numel() == 0 or tensor.isfinite().all():
        return None
    bad = ~tensor.isfinite().reshape(len(tensor), -1).all(dim=1)
    return int(bad.nonzero()[0])
