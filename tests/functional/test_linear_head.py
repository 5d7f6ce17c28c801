"""The last layer, from what goes in and what comes out."""

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.functional.feature_mix import linear_head


def made(m: int, d: int, k: int, seed: int = 0) -> tuple[torch.nn.Linear, torch.Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Linear(d, k), torch.randn(m, d).relu() + 3


@pytest.mark.parametrize("dtype, exact", [(torch.float32, 1e-4), (torch.float64, 1e-7)])
def test_a_linear_layer_is_found(dtype: torch.dtype, exact: float) -> None:
    layer, x = made(200, 16, 5)
    layer, x = layer.to(dtype), x.to(dtype)
    head = linear_head(x, layer(x))
    assert torch.allclose(head.weight, layer.weight.double(), atol=exact)
    assert torch.allclose(head.bias, layer.bias.double(), atol=10 * exact)
    assert head.explained == pytest.approx(1, abs=1e-9)


def test_it_is_least_squares_where_nothing_is_exact() -> None:
    _, x = made(80, 6, 1)
    y = torch.randn(80, 3, generator=torch.Generator().manual_seed(1)).double() + x[:, :3].tanh()
    columns = np.hstack([x.double().numpy(), np.ones((80, 1))])
    solution, residual, *_ = np.linalg.lstsq(columns, y.numpy(), rcond=None)
    head = linear_head(x, y)
    assert head.weight.T.numpy() == pytest.approx(solution[:6], abs=1e-6)
    total = (y - y.mean(dim=0)).square().sum().item()
    assert head.explained == pytest.approx(1 - residual.sum() / total, abs=1e-8)


def by_least_squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights and bias [d + 1, K] of the normal equations of each column."""
    columns = np.hstack([x, np.ones((len(x), 1))])
    return np.stack([np.linalg.solve(columns.T @ columns, columns.T @ each) for each in y.T], 1)


oracle_of_linear_head = by_least_squares


@pytest.mark.parametrize("kind", ["random", "clustered", "every row twice", "permuted"])
def test_it_is_the_solution_of_the_normal_equations(kind: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 3))
    if kind == "clustered":
        x = 3 * np.eye(5)[rng.integers(0, 4, 60)] + 0.3 * x
    elif kind == "every row twice":
        x, y = x[np.arange(60) // 2], y[np.arange(60) // 2]
    elif kind == "permuted":
        order = rng.permutation(60)
        x, y = x[order], y[order]
    head = linear_head(torch.from_numpy(x), torch.from_numpy(y))
    found = torch.vstack([head.weight.T, head.bias]).numpy()
    assert found == pytest.approx(by_least_squares(x, y), abs=1e-6)
    residual = y - x @ found[:-1] - found[-1]
    explained = 1 - (residual**2).sum() / ((y - y.mean(axis=0)) ** 2).sum()
    assert head.explained == pytest.approx(explained, abs=1e-8)


@pytest.mark.parametrize("ridge", [0.0, 0.1, 3.0])
def test_the_ridge_is_relative_to_the_mean_variance_of_a_feature(ridge: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)) * [1, 2, 9] + 5, rng.normal(size=(60, 2))
    centered = x - x.mean(axis=0)
    covariance = centered.T @ centered / 60 + ridge * x.var(axis=0).mean() * np.eye(3)
    expected = np.linalg.solve(covariance, centered.T @ (y - y.mean(axis=0)) / 60)
    head = linear_head(torch.from_numpy(x), torch.from_numpy(y), ridge=ridge)
    assert head.weight.T.numpy() == pytest.approx(expected)
    assert head.bias.numpy() == pytest.approx(y.mean(axis=0) - x.mean(axis=0) @ expected)


def test_a_feature_that_does_not_vary_has_no_weight() -> None:
    layer, x = made(50, 4, 2)
    x[:, 2] = 7
    head = linear_head(x, layer(x))
    assert head.weight[:, 2].tolist() == [0, 0]
    assert head.explained == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("m", [1, 3])
def test_fewer_rows_than_features_are_explained_all_the_same(m: int) -> None:
    layer, x = made(m, 10, 2)
    head = linear_head(x, layer(x))
    assert torch.allclose(x.double() @ head.weight.T + head.bias, layer(x).double(), atol=1e-5)
    assert head.explained == pytest.approx(1, abs=1e-6)


def test_all_alike_has_no_weights() -> None:
    head = linear_head(torch.ones(5, 3), torch.full((5, 2), 4.0))
    assert (head.weight == 0).all()
    assert head.bias.tolist() == [4, 4]
    assert head.explained == 1


def test_what_cannot_be_is_refused() -> None:
    for x, y in ((torch.zeros(3, 2), torch.zeros(2, 2)), (torch.zeros(0, 2), torch.zeros(0, 2))):
        with pytest.raises(ArgumentError, match="features and logits"):
            linear_head(x, y)
