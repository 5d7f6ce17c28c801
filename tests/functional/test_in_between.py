"""Between even and certain."""

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from openal.errors import ArrayError
from openal.functional.uncertainty import in_between


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_equals_the_distances_of_scipy(classes: int) -> None:
    logits = 3 * torch.randn(40, classes, dtype=torch.float64)
    expected = []
    for p in logits.softmax(dim=1):
        certain = torch.zeros_like(p)
        certain[p.argmax()] = 1
        even = torch.full_like(p, 1 / classes)
        expected.append(jensenshannon(p, even) ** 2 * jensenshannon(p, certain) ** 2)
    torch.testing.assert_close(in_between(logits), torch.tensor(expected, dtype=torch.float64))


def test_even_certain_and_single_predictions_are_worth_nothing() -> None:
    assert in_between(torch.tensor([[5.0, 5.0], [3e38, -3e38]])).tolist() == [0, 0]
    assert in_between(torch.tensor([[7.0]])).tolist() == [0]


def test_equal_rows_have_equal_values() -> None:
    assert len(in_between(torch.randn(1, 7).expand(10_001, 7)).unique()) == 1


def test_refuses_nan() -> None:
    with pytest.raises(ArrayError, match=r"logits.*row 1"):
        in_between(torch.tensor([[0.0, 1.0], [torch.nan, 0.0]]))
