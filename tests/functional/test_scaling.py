import torch

from openal.functional.scaling import unit_range


def test_the_least_is_0_and_the_largest_1() -> None:
    values = torch.tensor([-2.0, 6.0, 0.0], dtype=torch.float64)
    assert unit_range(values).tolist() == [0, 1, 0.25]
    assert unit_range(values).dtype == torch.float64


def test_equal_values_are_0() -> None:
    assert unit_range(torch.full((3,), -7.0)).tolist() == [0, 0, 0]


def test_a_range_of_the_smallest_numbers_stays_within_the_unit() -> None:
    assert unit_range(torch.tensor([0.0, 1e-44])).amax() <= 1
