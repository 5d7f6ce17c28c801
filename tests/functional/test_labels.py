"""One label for each row."""

import pytest
import torch

from openal.errors import ArrayError
from openal.functional._labels import as_labels

ROWS = torch.zeros(3, 2)


def test_labels_are_integers_of_the_rows() -> None:
    found = as_labels([2, 0, -1], "groups", ROWS)
    assert found.dtype == torch.int64
    assert found.tolist() == [2, 0, -1]


@pytest.mark.parametrize(
    "labels, words",
    [
        ([0, 1], "groups must be one for each of 3 rows, got 2"),
        ([0, 1, 2], r"groups\[2\] is 2; it must be in 0\.\.1"),
        ([0, -1, 5], r"groups\[1\] is -1"),
        ([0.0, 1.0, 1.0], "groups must be integers"),
    ],
)
def test_other_labels_are_refused(labels: list[int], words: str) -> None:
    with pytest.raises(ArrayError, match=words):
        as_labels(labels, "groups", ROWS, count=2)
