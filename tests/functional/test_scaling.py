import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional.scaling import unit_range


def test_the_least_is_0_and_the_largest_1() -> None:
    values = torch.tensor([-2.0, 6.0, 0.0], dtype=torch.float64)
    assert unit_range(values).tolist() == [0, 1, 0.25]
    assert unit_range(values).dtype == torch.float64


def test_equal_values_are_0() -> None:
    assert unit_range(torch.full((3,), -7.0)).tolist() == [0, 0, 0]


def test_a_range_of_the_smallest_numbers_stays_within_the_unit() -> None:
    assert unit_range(torch.tensor([0.0, 1e-44])).amax() <= 1


def by_hand(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / (high - low) for value in values]


oracle_of_unit_range = by_hand


def test_each_is_its_share_of_the_way_from_the_least_to_the_largest() -> None:
    values = torch.randn(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert unit_range(values).tolist() == pytest.approx(by_hand(values.tolist()), abs=1e-15)


def test_no_values_have_no_range() -> None:
    assert unit_range(torch.zeros(0)).shape == (0,)


@pytest.mark.parametrize("values", [torch.tensor([0.0, torch.nan]), torch.zeros(2, 2)])
def test_what_has_no_range_is_refused(values: Tensor) -> None:
    with pytest.raises(ArrayError, match=r"^values must"):
        unit_range(values)
