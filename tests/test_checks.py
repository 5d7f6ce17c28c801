"""What users pass is turned into what we compute with, or refused in one sentence."""

from typing import Any

import numpy as np
import pytest
import torch

from openal._checks import as_count, as_finite, as_indices, as_integers, as_number, first_bad_row
from openal.errors import ArgumentError, ArrayError
from tests.walking import walked


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_a_count_is_an_int(value: Any) -> None:
    count = as_count(value, "k")
    assert count == 3
    assert type(count) is int


@pytest.mark.parametrize("value", [True, np.True_, 1.0, np.float64(1), "5", None, float("nan")])
def test_a_count_is_no_other_type(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^k must be an integer, got"):
        as_count(value, "k")


def test_a_count_has_a_minimum() -> None:
    assert as_count(0, "k") == 0
    with pytest.raises(ArgumentError, match=r"^k must be at least 1, got 0\.$"):
        as_count(0, "k", minimum=1)


def test_a_number_may_be_an_integer() -> None:
    assert as_number(3, "t") == 3.0
    assert as_number(np.float32(0.5), "t") == 0.5
    assert type(as_number(3, "t")) is float


@pytest.mark.parametrize("value", [True, "1", None, 1j, torch.tensor(1.0)])
def test_a_number_is_no_other_type(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^t must be a number, got"):
        as_number(value, "t")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400])
def test_a_number_is_finite(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^t must be a finite number"):
        as_number(value, "t")


def test_a_number_has_bounds() -> None:
    assert as_number(1, "t", minimum=1) == 1.0
    with pytest.raises(ArgumentError, match="at least 1, got 0"):
        as_number(0, "t", minimum=1)
    with pytest.raises(ArgumentError, match="above 0, got 0"):
        as_number(0, "t", above=0)


@walked
@pytest.mark.parametrize(
    "values",
    [
        [3, 1],
        (3, 1),
        np.array([3, 1], np.uint8),
        np.array([1, 3])[::-1],
        torch.tensor([3, 1]),
        iter([3, 1]),
        range(3, -1, -2),
        [np.int32(3), np.int64(1)],
    ],
    ids=lambda values: type(values).__name__,
)
def test_integers_come_in_many_forms(values: Any) -> None:
    found = as_integers(values, "indices")
    assert found.dtype == np.int64
    assert found.tolist() == [3, 1]


@pytest.mark.parametrize("values", [[], (), np.array([]), torch.tensor([])])
def test_no_integers_are_int64_too(values: Any) -> None:
    found = as_integers(values, "indices")
    assert found.dtype == np.int64
    assert found.shape == (0,)


def test_integers_are_a_fresh_array() -> None:
    values = np.array([3, 1])
    as_integers(values, "indices")[0] = 9
    assert values.tolist() == [3, 1]


@walked
@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0],
        [True, False],
        ["1"],
        [None],
        [2**70],
        "12",
        5,
        1.5,
        None,
        [[1, 2], [3]],
        [[1, 2]],
        np.array(5),
        np.ones(3, bool),
        torch.ones(2),
        torch.ones(2).bfloat16(),
    ],
    ids=repr,
)
def test_what_is_no_list_of_integers_is_refused(values: Any) -> None:
    with pytest.raises(ArrayError, match=r"^indices must be"):
        as_integers(values, "indices")


def test_indices_are_inside() -> None:
    assert as_indices([2, 0], "candidates", size=3).tolist() == [2, 0]
    with pytest.raises(ArrayError, match=r"^candidates\[1\] is 3; indices run from 0 to 2\.$"):
        as_indices([0, 3], "candidates", size=3)
    with pytest.raises(ArrayError, match=r"^candidates\[0\] is -1"):
        as_indices([-1], "candidates", size=3)


def test_indices_are_distinct_and_the_second_is_named() -> None:
    with pytest.raises(ArrayError, match=r"^candidates\[3\] is 7, which is there already\.$"):
        as_indices([9, 7, 3, 7, 9], "candidates", size=10)


@pytest.mark.parametrize(
    "dtype, expected",
    [
        (torch.float64, torch.float64),
        (torch.float32, torch.float32),
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.int64, torch.float32),
        (torch.uint8, torch.float32),
    ],
)
def test_finite_is_single_precision_unless_double(dtype: Any, expected: Any) -> None:
    found = as_finite(torch.ones(2, dtype=dtype), "x")
    assert found.dtype == expected
    assert found.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "values",
    [
        np.array([[1.0, 2], [3, 4]])[::-1],
        np.array([[3.0, 4], [1, 2]], ">f4"),
        np.array([[3.0, 4], [1, 2]], np.longdouble),
        np.asfortranarray([[3.0, 4], [1, 2]]),
        [[3, 4], [1, 2]],
        torch.tensor([[3.0, 4], [1, 2]], requires_grad=True),
    ],
    ids=["negative stride", "big-endian", "long double", "column order", "list", "gradient"],
)
def test_finite_takes_any_array_of_numbers(values: Any) -> None:
    found = as_finite(values, "x")
    assert found.tolist() == [[3, 4], [1, 2]]
    assert not found.requires_grad


def test_finite_takes_a_read_only_array_without_a_warning() -> None:
    values = np.ones(3)
    values.flags.writeable = False
    assert as_finite(values, "x").tolist() == [1, 1, 1]


@pytest.mark.parametrize("values", [None, "abc", ["a"], [[1], [2, 3]], [None], ...], ids=repr)
def test_finite_refuses_what_holds_no_numbers(values: Any) -> None:
    with pytest.raises(ArrayError, match=r"^x must"):
        as_finite(values, "x")


@pytest.mark.parametrize("values", [torch.eye(2).to_sparse(), torch.ones(2) * 1j])
def test_finite_is_real_and_dense(values: Any) -> None:
    with pytest.raises(ArrayError, match=r"^x must be real and dense"):
        as_finite(values, "x")


def test_finite_has_the_dimensions_asked_for() -> None:
    with pytest.raises(ArrayError, match=r"^x must have 2 dimensions, got \(3,\)\.$"):
        as_finite(np.ones(3), "x", ndim=2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_finite_names_the_first_bad_row(bad: float) -> None:
    values = torch.ones(5, 2)
    values[2, 1] = values[4, 0] = bad
    with pytest.raises(ArrayError, match=r"^x must be finite; row 2 is not"):
        as_finite(values, "x")


def test_finite_refuses_a_bad_single_number() -> None:
    with pytest.raises(ArrayError, match=r"^x must"):
        as_finite(float("nan"), "x")


def test_half_precision_may_overflow_only_before_it_comes() -> None:
    assert as_finite(torch.tensor([65504.0]).half(), "x").item() == 65504.0


def test_the_first_bad_row() -> None:
    assert first_bad_row(torch.ones(3)) is None
    assert first_bad_row(torch.empty(0, 4)) is None
    assert first_bad_row(torch.tensor([[[1.0]], [[float("nan")]]])) == 1
    assert first_bad_row(torch.ones(3, dtype=torch.int64)) is None
