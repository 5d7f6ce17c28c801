"""Rows: cut into blocks, checked, measured in float64, and compared in pairs."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor, first_bad_row
from openal._threads import for_each, whole_parts
from openal.errors import ArrayError

__all__ = [
    "directions_of",
    "finite_blocks",
    "float_dtype",
    "folded",
    "largest_size",
    "map_rows",
    "piece_size",
    "row_lengths",
    "row_sums",
    "runs",
    "safe_squares",
    "strips",
    "unit_rows",
]

BLOCK_ELEMENTS = 2**17  # 512 KiB of float32: in the cache, and few enough blocks for short loops
PIECE_ELEMENTS = 2**15 - 1  # torch shares an operation on more among its threads
DEVICE_PIECE_ELEMENTS = 2**23  # on an accelerator, which wants long operations
TINY = torch.finfo(torch.float64).tiny  # divisors are no smaller: 0 / TINY is 0


def finite_blocks(
    values: Tensor, argument: str, *, ndim: int, size: int | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Runs of `size` rows and where they stand, finite, in float32 or float64; one at a time.

    No rows are one block without rows. What is refused is refused as by `as_finite`, which names
    the first bad row of the whole.
    """
    values = as_tensor(values, argument)
    for rows in _runs_of(values, argument, ndim, size):
        yield rows, _finite(values, rows, argument)


@whole_parts()
def map_rows(
    function: Callable[[Tensor], Tensor], values: Tensor, argument: str, *, ndim: int
) -> Tensor:
    """The numbers [N] that a row-wise function gives for all rows, block by block."""
    values = as_tensor(values, argument)
    # Made first: small results kept among large temporaries would leave holes in memory.
    result = torch.empty(values.shape[:1], dtype=float_dtype(values), device=values.device)

    def write(rows: slice) -> None:
        result[rows] = function(_finite(values, rows, argument))

    for_each(_runs_of(values, argument, ndim), write)
    return result


def _runs_of(values: Tensor, argument: str, ndim: int, size: int | None = None) -> Iterator[slice]:
    if values.ndim != ndim:
        as_finite(values, argument, ndim=ndim)
    if 0 in values.shape[1:]:
        raise ArrayError(f"{argument} must have no empty row, got shape {tuple(values.shape)}.")
    size = size or max(1, BLOCK_ELEMENTS // values.shape[1:].numel())
    return runs(len(values), size) if len(values) else iter([slice(0, 0)])


def runs(n: int, size: int) -> Iterator[slice]:
    """Where `size` rows after another stand, of n."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _finite(values: Tensor, rows: slice, argument: str) -> Tensor:
    block = values[rows]
    block = block.to(float_dtype(block)).contiguous()
    if first_bad_row(block) is not None:
        as_finite(values, argument)
    return block


def largest_size(values: Tensor, argument: str) -> float:
    """The largest absolute value of finite rows [n, D]; 0 of none."""
    blocks = (block for _, block in finite_blocks(values, argument, ndim=2))
    return max((float(block.abs().max()) for block in blocks if len(block)), default=0.0)


def float_dtype(values: Tensor) -> torch.dtype:
    """What `values` are computed in: float64 stays, all else is float32."""
    return torch.float64 if values.dtype == torch.float64 else torch.float32


def piece_size(rows: Tensor) -> int:
    """How many rows at a time suit a chain of cheap operations."""
    elements = PIECE_ELEMENTS if rows.device.type == "cpu" else DEVICE_PIECE_ELEMENTS
    return max(1, elements // max(1, rows.shape[1]))


def row_sums(rows: Tensor) -> Tensor:
    """The sums of float64 rows [n]: equal rows have equal bits, in any block and thread.

    On a CPU one thread adds up a row, in the same order for every row. Elsewhere the order is not
    known, so rows are folded: elementwise sums have one result.
    """
    return rows.sum(dim=1) if rows.device.type == "cpu" else folded(rows)


def folded(rows: Tensor) -> Tensor:
    """The sums of rows [n], by adding the second half of all rows to the first, again and again."""
    while (width := rows.shape[1]) > 1:
        half = (width + 1) // 2
        first, second = rows[:, :half], rows[:, half:]
        rows = first.clone()
        rows[:, : width - half] += second
    return rows[:, 0]


def row_lengths(rows: Tensor) -> Tensor:
    """The Euclidean lengths of rows [n] in float64."""
    return row_sums(rows.double().square()).sqrt()


def safe_squares(rows: Tensor) -> Tensor:
    """The same directions, with squares that float64 can hold: only float64 rows need a change."""
    if rows.dtype != torch.float64:
        return rows
    return rows / rows.abs().amax(dim=1, keepdim=True).clamp_min(TINY)


def unit_rows(rows: Tensor) -> Tensor:
    """Rows of length one in float64; a row of zeros stays as it is."""
    rows = safe_squares(rows).to(torch.float64, copy=True)
    return rows.div_(row_lengths(rows).clamp_min_(TINY)[:, None])


def directions_of(rows: Tensor, center: Tensor | None = None) -> Tensor:
    """The rows [n, D], less a center, scaled to length one: float32, float64 of such rows.

    Equal rows stay equal.
    """
    blocks = rows.split(4096)
    if center is None or rows.dtype == torch.float64:
        moved = (block if center is None else block - center for block in blocks)
        return torch.cat([unit_rows(block).to(float_dtype(rows)) for block in moved])
    gaps = (block.double().sub_(center) for block in blocks)  # squares fit into float64
    return torch.cat([gap.div_(row_lengths(gap).clamp_min_(TINY)[:, None]).float() for gap in gaps])


LEAST_STRIPS = 16  # pairs within a strip are made twice: at most one pair in so many


def strips(n: int, *, elements: int, multiple: int) -> Iterator[slice]:
    """Runs of rows 0..n-1, each to be paired with itself and with all later rows.

    About `elements` pairs each, but a multiple of `multiple` rows; the last has what is left.
    """
    start = 0
    while start < n:
        size = min(n // LEAST_STRIPS, elements // (n - start)) // multiple * multiple
        yield slice(start, start := min(n, start + max(multiple, size)))
