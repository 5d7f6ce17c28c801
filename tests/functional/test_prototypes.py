"""Prototypes beside a loop over rows in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import normalize
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import class_prototypes


def slow(embeddings: Tensor, labels: Tensor, num_classes: int) -> np.ndarray:
    """One row after another: scaled to length one, added to its class, divided by the count."""
    sums = np.zeros((num_classes, embeddings.shape[1]))
    counts = np.zeros(num_classes)
    for row, label in zip(embeddings.double().tolist(), labels.tolist(), strict=True):
        length = math.sqrt(math.fsum(x * x for x in row))
        sums[label] += np.array(row) / (length or 1)
        counts[label] += 1
    with np.errstate(invalid="ignore"):
        return sums / counts[:, None]


oracle_of_class_prototypes = slow


@pytest.mark.long
@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-7), (torch.float64, 1e-14)])
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 30), num_classes=st.integers(1, 6))
def test_equals_a_loop_over_rows(
    dtype: torch.dtype, tolerance: float, seed: int, count: int, num_classes: int
) -> None:
    random = np.random.default_rng(seed)
    embeddings = torch.from_numpy(random.normal(size=(count, 5)) * random.choice([0, 1, 9])).to(
        dtype
    )
    labels = torch.from_numpy(random.integers(0, num_classes, size=count))
    found = class_prototypes(embeddings, labels, num_classes)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, slow(embeddings, labels, num_classes), atol=tolerance)


def test_equals_sklearn_class_by_class() -> None:
    embeddings, labels = torch.randn(60, 7, dtype=torch.float64), torch.arange(60) % 4
    unit = normalize(embeddings.numpy())
    expected = np.stack([unit[labels.numpy() == c].mean(axis=0) for c in range(4)])
    np.testing.assert_allclose(class_prototypes(embeddings, labels, 4), expected, atol=1e-14)


def test_means_are_not_scaled_again() -> None:
    opposite = torch.tensor([[2.0, 0.0], [-5.0, 0.0]])
    assert class_prototypes(opposite, torch.tensor([0, 0]), 1).tolist() == [[0, 0]]


def test_a_class_without_rows_is_nan_and_so_are_all_of_no_rows() -> None:
    found = class_prototypes(torch.ones(2, 3), torch.tensor([2, 0]), 4)
    assert found.isnan().all(dim=1).tolist() == [False, True, False, True]
    assert class_prototypes(torch.empty(0, 3), torch.empty(0, dtype=torch.int64), 2).isnan().all()


def test_a_row_of_zeros_counts_as_zeros() -> None:
    found = class_prototypes(torch.tensor([[4.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 0]), 1)
    assert found.tolist() == [[0.5, 0]]


@pytest.mark.parametrize("scale", [8e37, 1e-42])
def test_very_long_and_very_short_rows(scale: float) -> None:
    rows = torch.tensor([[3.0, 0.0], [0.0, 4.0]]) * scale
    assert class_prototypes(rows, torch.tensor([0, 1]), 2).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-320])
def test_very_long_and_very_short_double_rows(scale: float) -> None:
    rows = torch.tensor([[3.0, 4.0]], dtype=torch.float64) * scale
    found = class_prototypes(rows, torch.tensor([0]), 1)
    np.testing.assert_allclose(found, [[0.6, 0.8]], rtol=1e-3 if scale == 1e-320 else 1e-12)


def test_the_order_of_rows_does_not_matter() -> None:
    embeddings, labels = torch.randn(200, 16), torch.randint(5, (200,))
    order = torch.randperm(200)
    found = class_prototypes(embeddings[order], labels[order], 5)
    torch.testing.assert_close(found, class_prototypes(embeddings, labels, 5), atol=1e-7, rtol=0)


def test_threads_do_not_matter() -> None:
    embeddings, labels = torch.randn(3000, 40, dtype=torch.float64), torch.arange(3000) % 3
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(class_prototypes(embeddings, labels, 3))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


def test_narrow_floats_are_computed_in_float32_and_nothing_is_changed() -> None:
    embeddings, labels = torch.randn(20, 4).half(), torch.arange(20) % 2
    before = embeddings.clone()
    found = class_prototypes(embeddings, labels, 2)
    assert found.dtype == torch.float32
    assert torch.equal(found, class_prototypes(embeddings.float(), labels, 2))
    assert torch.equal(embeddings, before)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_is_refused(label: int) -> None:
    expected = rf"labels\[1\] is {label}; it must be in 0\.\.2"
    with pytest.raises(ArrayError, match=expected):
        class_prototypes(torch.ones(3, 2), torch.tensor([0, label, label]), 3)


def test_what_else_is_refused() -> None:
    ones, labels = torch.ones(3, 2), torch.tensor([0, 1, 1])
    with pytest.raises(ArrayError, match="labels must be one for each of 3 rows, got 2"):
        class_prototypes(ones, labels[:2], 2)
    with pytest.raises(ArrayError, match="labels must be integers"):
        class_prototypes(ones, labels.float(), 2)
    with pytest.raises(ArrayError, match="embeddings must be finite; row 2 is not"):
        class_prototypes(torch.tensor([[1.0], [2.0], [math.nan]]), labels, 2)
    with pytest.raises(ArrayError, match="embeddings must have 2 dimensions"):
        class_prototypes(torch.ones(3), labels, 2)
    with pytest.raises(ArgumentError, match="num_classes must be at least 1"):
        class_prototypes(ones, labels, 0)
