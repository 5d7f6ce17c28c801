"""The border: what users pass, turned into what we compute with, or refused in one sentence."""

import operator
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError

__all__ = [
    "as_count",
    "as_finite",
    "as_indices",
    "as_integers",
    "as_list",
    "as_number",
    "as_tensor",
    "first_bad_row",
    "require_dense",
    "whole_numbers",
]


def as_count(value: Any, argument: str, *, minimum: int = 0) -> int:
    """The integer `value`, at least `minimum`; a bool, a float or a string is refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ArgumentError(f"{argument} must be an integer, got {value!r}.")
    if value < minimum:
        raise ArgumentError(f"{argument} must be at least {minimum}, got {value}.")
    return int(value)


def as_number(
    value: Any,
    argument: str,
    *,
    minimum: float = -inf,
    above: float = -inf,
    maximum: float = inf,
    below: float = inf,
) -> float:
    """The finite number `value`, in [minimum, maximum] and between `above` and `below`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ArgumentError(f"{argument} must be a number, got {value!r}.")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the floats
        number = float("inf")
    if not (minimum <= number < float("inf") and number > above):
        least = f"at least {minimum:g}" if minimum > above else f"above {above:g}"
        raise ArgumentError(f"{argument} must be a finite number {least}, got {value}.")
    if number > maximum or number >= below:
        most = f"at most {maximum:g}" if maximum < below else f"below {below:g}"
        raise ArgumentError(f"{argument} must be {most}, got {value}.")
    return number


def as_list(values: Any, argument: str) -> list[Any]:
    """A fresh list of what stands in `values`, in their order; an array's numbers as Python's."""
    unordered = isinstance(values, str | bytes | bytearray | set | frozenset | Mapping)
    if unordered or not isinstance(values, Iterable):
        raise ArrayError(f"{argument} must be a list of integers, got {values!r:.60}.")
    shape = tuple(getattr(values, "shape", (0,)))
    if len(shape) != 1:
        raise ArrayError(f"{argument} must be one-dimensional, got shape {shape}.")
    # As Python's numbers a date would be an integer.
    dated = isinstance(values, np.ndarray) and values.dtype.kind in "mM"
    if dated or not isinstance(values, np.ndarray | Tensor):
        return list(values)
    if isinstance(values, Tensor):
        require_dense(values, argument)
    found: list[Any] = values.tolist()
    return found


def whole_numbers(values: list[Any]) -> list[Any]:
    """Each of `values` as a Python integer of any size, or None; a bool is no number."""
    if set(map(type, values)) <= {int}:
        return values
    return [_whole_number(value) for value in values]


def _whole_number(value: Any) -> int | None:
    # A tensor of one bool, or of one number in a row, would pass as an index.
    if isinstance(value, bool | np.bool_) or getattr(value, "dtype", None) is torch.bool:
        return None
    try:
        return None if getattr(value, "ndim", 0) else operator.index(value)
    except TypeError:
        return None


def as_integers(values: Any, argument: str) -> np.ndarray:
    """A fresh int64 array [n] of the whole numbers in `values`; bools and floats are refused.

    A list, a range, a generator, an array or a tensor; nothing is rounded and nothing wraps around.
    """
    if isinstance(values, Tensor):
        require_dense(values, argument)
        values = values if values.is_floating_point() else values.cpu().numpy()
    if _is_int64(values):
        return np.array(values, np.int64)
    found = as_list(values, argument)
    numbers = whole_numbers(found)
    try:
        return np.array(numbers, np.int64)
    except (TypeError, OverflowError):
        at = next(at for at, n in enumerate(numbers) if n is None or not -(2**63) <= n < 2**63)
        got = f"{argument}[{at}] is {found[at]!r:.60}"
        if isinstance(found[at], bool | np.bool_):
            got += "; numpy.flatnonzero(mask) are the indices of a mask"
        raise ArrayError(f"{argument} must be integers (int64); {got}.") from None


def _is_int64(values: Any) -> bool:
    """Whether `values` is an array of integers that surely fit: nobody has to look at them."""
    # A masked array is none of these: its holes are refused one by one.
    plain = type(values) in (np.ndarray, np.memmap) and values.ndim == 1
    return plain and values.dtype.kind in "iu" and np.can_cast(values.dtype, np.int64)


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
    tensor = as_tensor(values, argument)
    if ndim is not None and tensor.ndim != ndim:
        raise ArrayError(f"{argument} must have {ndim} dimensions, got {tuple(tensor.shape)}.")
    tensor = tensor if tensor.dtype == torch.float64 else tensor.float()
    row = first_bad_row(tensor)
    if row is not None:
        bad = tensor[row] if tensor.ndim else tensor
        raise ArrayError(f"{argument} must be finite; row {row} is not: {bad!r:.80}")
    return tensor


def as_tensor(values: Any, argument: str) -> Tensor:
    """The dense tensor of an array of real numbers, without a copy where torch needs none."""
    if not isinstance(values, Tensor):
        if np.ma.is_masked(values):
            raise ArrayError(f"{argument} must have a value in every place; some are masked.")
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise ArrayError(f"{argument} must be an array of numbers: {error}") from error
        if array.dtype.kind not in "fiub":
            raise ArrayError(f"{argument} must hold real numbers, got {array.dtype}.")
        if array.dtype.itemsize > 8:  # long doubles
            array = array.astype(np.float64)
        if array.dtype == np.uint64:  # which torch can hold, and not compute with
            array = _signed(array, argument)
        if not (array.dtype.isnative and array.flags.c_contiguous and array.flags.writeable):
            array = array.astype(array.dtype.newbyteorder("="), order="C")
        return torch.from_numpy(array)
    require_dense(values, argument)
    narrow = values.is_floating_point() and values.itemsize == 1  # float8 has no arithmetic
    return values.detach().float() if narrow else values.detach()


def _signed(array: np.ndarray, argument: str) -> np.ndarray:
    if (array >= 2**63).any():
        raise ArrayError(f"{argument} must fit int64, got {array.max()}; .view('int64') does.")
    return array.astype(np.int64)


def require_dense(tensor: Tensor, argument: str) -> None:
    """Refuse a tensor whose numbers are not there, one by one, to be computed with."""
    if tensor.is_meta:
        raise ArrayError(f"{argument} must hold numbers; a tensor of the meta device has none.")
    dense = tensor.layout == torch.strided and not tensor.is_nested
    if not dense or tensor.is_complex() or tensor.is_quantized:
        got = tensor.dtype if dense else f"{tensor.dtype} as {tensor.layout}"
        raise ArrayError(f"{argument} must be real and dense, got {got}.")


def first_bad_row(tensor: Tensor) -> int | None:
    """The first row that holds a NaN or an infinity, or None."""
    if _surely_finite(tensor) or tensor.isfinite().all():
        return None
    bad = ~tensor.isfinite().reshape(len(tensor) if tensor.ndim else 1, -1).all(dim=1)
    return int(bad.nonzero()[0])


def _surely_finite(tensor: Tensor) -> bool:
    """Whether one pass tells that there is no NaN and no infinity; a sum may overflow."""
    if not tensor.is_floating_point():
        return True
    wide = torch.promote_types(tensor.dtype, torch.float32)
    return bool(tensor.sum(dtype=wide).isfinite())
