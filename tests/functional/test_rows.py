"""Blocks of rows, and sums that come out the same everywhere."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional._rows import finite_blocks, folded, row_lengths, row_sums, unit_rows
from tests.walking import walked


@walked
@pytest.mark.parametrize("sums", [row_sums, folded])
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 129, 512])
def test_equal_rows_have_equal_sums_wherever_they_stand(
    sums: Callable[[Tensor], Tensor], width: int
) -> None:
    row = torch.rand(1, width, dtype=torch.float64)
    rows = torch.cat([torch.rand(5, width, dtype=torch.float64), row.expand(9, -1)])
    found = sums(rows)
    assert torch.equal(found[5:], sums(row).expand(9))
    assert found.tolist() == pytest.approx([math.fsum(r) for r in rows.tolist()], rel=1e-14)


def test_sums_change_no_argument() -> None:
    rows = torch.rand(3, 5, dtype=torch.float64)
    before = rows.clone()
    assert folded(rows).shape == row_sums(rows).shape == row_lengths(rows).shape == (3,)
    assert torch.equal(rows, before)


def test_blocks_cover_all_rows_in_order() -> None:
    values = torch.randn(10, 3)
    blocks = list(finite_blocks(values, "values", ndim=2, size=4))
    assert [rows.stop - rows.start for rows, _ in blocks] == [4, 4, 2]
    assert all(torch.equal(values[rows], block) for rows, block in blocks)


def test_no_rows_are_one_block() -> None:
    ((rows, block),) = finite_blocks(torch.empty(0, 3).half(), "values", ndim=2)
    assert (rows, block.shape, block.dtype) == (slice(0, 0), (0, 3), torch.float32)


def test_a_sum_that_overflows_is_not_taken_for_infinity() -> None:
    ((_, block),) = finite_blocks(torch.full((2, 2), 3e38), "values", ndim=2)
    assert block.isfinite().all()


def test_a_block_stays_small() -> None:
    blocks = finite_blocks(torch.zeros(1, 1).expand(2**21, 2), "values", ndim=2)
    assert max(block.numel() for _, block in blocks) <= 2**19


def test_infinities_that_would_cancel_are_found() -> None:
    values = torch.tensor([[1.0, 1.0], [math.inf, -math.inf]])
    with pytest.raises(ArrayError, match="values must be finite; row 1 is not"):
        list(finite_blocks(values, "values", ndim=2))


def test_unit_rows_have_length_one_or_none() -> None:
    rows = torch.tensor([[3.0, 4.0], [0.0, 0.0], [1e-45, 0.0], [3e38, 3e38]])
    assert row_lengths(unit_rows(rows)).tolist() == pytest.approx([1, 0, 1, 1])
