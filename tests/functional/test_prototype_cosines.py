"""Visual evidence is the mean cosine with the labeled images of a class, in plain loops."""

import math

import numpy as np
import pytest
import torch

from openal.errors import ArrayError
from openal.functional import class_prototypes, prototype_cosines
from tests.walking import walked


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


def slow(z: np.ndarray, members: np.ndarray, labels: np.ndarray, k: int) -> list[list[float]]:
    """The mean cosine with the members of a class; without members, the largest of the others."""
    rows = []
    for each in z:
        cosines = [[cosine(each, m) for m in members[labels == c]] for c in range(k)]
        means = [float(np.mean(c)) if c else -math.inf for c in cosines]
        rows.append([max(means) if mean == -math.inf else mean for mean in means])
    return rows


oracle_of_prototype_cosines = slow


@walked
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_mean_cosine_with_the_members(seed: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    k, d = int(rng.integers(1, 6)), int(rng.integers(1, 9))
    members, z = (rng.normal(size=(n, d)) * rng.gamma(2, size=(n, 1)) for n in (9, 20))
    members[0], z[0] = 0, 0
    labels = rng.integers(0, k, 9)
    labels[labels == k // 2] = (k // 2 + 1) % k  # often a class without members
    members, z = members.astype(dtype), z.astype(dtype)
    prototypes = class_prototypes(torch.tensor(members), torch.tensor(labels), k)
    found = prototype_cosines(torch.tensor(z), prototypes)
    assert found.numpy().dtype == dtype
    tolerance = 1e-6 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(found, slow(z, members, labels, k), atol=tolerance)


def test_a_class_without_images_gets_the_largest_of_the_others() -> None:
    nan = [math.nan, math.nan]
    prototypes = torch.tensor([nan, [1.0, 0.0], [0.0, 0.5], nan])
    found = prototype_cosines(torch.tensor([[3.0, 4.0], [0.0, -2.0]]), prototypes)
    torch.testing.assert_close(
        found, torch.tensor([[0.6, 0.6, 0.4, 0.6], [0.0, 0.0, -0.5, 0.0]]), atol=1e-7, rtol=0
    )


def test_prototypes_are_not_scaled_to_length_one() -> None:
    found = prototype_cosines(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.25, 0.0]]))
    assert found.tolist() == [[0.25]]


def test_all_classes_without_images_are_refused() -> None:
    with pytest.raises(ArrayError, match="at least one class with images"):
        prototype_cosines(torch.eye(2), torch.full((3, 2), math.nan))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_is_the_same_in_any_block_and_at_any_length(dtype: torch.dtype) -> None:
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(301, 33, generator=rng).to(dtype)
    prototypes = torch.randn(4, 33, generator=rng)
    whole = prototype_cosines(z, prototypes)
    for at in (0, 7, 150, 300):
        assert prototype_cosines(z[at : at + 1], prototypes)[0].equal(whole[at])
    for factor in (1024, 2.0**-60, 2.0**90):
        assert prototype_cosines(factor * z, prototypes).equal(whole)


def test_half_precision_gives_single_and_no_rows_none() -> None:
    assert prototype_cosines(torch.eye(2).half(), torch.eye(2)).dtype == torch.float32
    assert prototype_cosines(torch.empty(0, 2), torch.eye(2)).shape == (0, 2)


def test_the_first_bad_row_is_named() -> None:
    z = torch.ones(4, 2)
    z[2, 1] = math.inf
    with pytest.raises(ArrayError, match="embeddings must be finite; row 2 is not"):
        prototype_cosines(z, torch.eye(2))
