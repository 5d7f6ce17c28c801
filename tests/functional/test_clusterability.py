"""NEAT's bound on the votes of neighbors, and how far it holds, counted row by row."""

from math import comb, inf
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import clusterability, vote_error_bound


def term_by_term(q: float, k: int, e: float) -> float:
    """Theorem 0.1 as it is printed: the majority of the labels is wrong, or is not."""
    total = 0.0
    for n in range(-(-(k - 1) // 2) + 1, k + 1):
        total += comb(k, n) * e**n * (1 - e) ** (k - n) * q**n
    for n in range((k + 1) // 2):
        total += comb(k, n) * e**n * (1 - e) ** (k - n) * q ** (k - n)
    return total


def row_by_row(z: np.ndarray, labels: np.ndarray, k: int) -> list[tuple[float, int]]:
    """Of each row the distance of the k-th nearest other, and how many differ in their label."""
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    found = []
    for row in range(len(z)):
        others = [at for at in range(len(z)) if at != row]
        near = sorted(others, key=lambda at: (1 - z[row] @ z[at], at))[:k]
        radius = 1 - z[row] @ z[near[-1]]
        found.append((radius, sum(labels[at] != labels[row] for at in near)))
    return found


oracle_of_vote_error_bound = term_by_term
oracle_of_clusterability = row_by_row


def pool(n: int = 60, seed: int = 0) -> tuple[Tensor, np.ndarray]:
    """Two clouds that overlap, and which of them each row is from."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    z = rng.normal(size=(n, 4)) + 1.5 * np.eye(4)[labels]
    return torch.from_numpy(z), labels


@given(q=st.floats(0, 1), k=st.integers(1, 30), e=st.floats(0, 1))
def test_the_bound_is_the_theorems_sum(q: float, k: int, e: float) -> None:
    found = vote_error_bound(torch.tensor([q], dtype=torch.float64), k, e)
    assert float(found) == pytest.approx(term_by_term(q, k, e), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("q, e, expected", [(0.7, 0.05, 0.0349), (0.3, 0.05, 1.8e-5)])
def test_values_that_were_worked_out_elsewhere(q: float, e: float, expected: float) -> None:
    found = vote_error_bound(torch.tensor([q]), 10, e)
    assert float(found) == pytest.approx(expected, rel=0.03)


def test_many_neighbors_do_not_overflow() -> None:
    found = vote_error_bound(torch.ones(2), 5001, 0.3)
    assert found.tolist() == pytest.approx([1.0, 1.0])


def test_neighbors_are_counted() -> None:
    z, labels = pool()
    found = clusterability(z, labels, 5)
    radius, differing = zip(*row_by_row(z.numpy(), labels, 5), strict=True)
    assert found.differing.tolist() == list(differing)
    assert found.radius.tolist() == pytest.approx(list(radius), abs=1e-9)
    assert found.error == pytest.approx(np.mean([2 * d > 5 for d in differing]))
    assert found.unanimous_error == pytest.approx(np.mean([d == 5 for d in differing]))


def test_the_bound_is_that_of_the_radius() -> None:
    z, labels = pool()
    found = clusterability(z, labels, 5, noise=0.1)
    q = [min(1, found.constant * r**found.exponent) for r in found.radius.tolist()]
    assert found.bound.tolist() == pytest.approx([term_by_term(each, 5, 0.1) for each in q])


def test_the_assumption_fits_every_group_of_pairs() -> None:
    z, labels = pool(200)
    found = clusterability(z, labels, 10)
    units = (z / z.norm(dim=1, keepdim=True)).numpy()
    distance = 1 - units @ units.T
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1, kind="stable")[:, :10]
    pairs = sorted(
        (distance[row, at], labels[row] != labels[at]) for row in range(200) for at in near[row]
    )
    groups = [np.array(pairs[100 * g : 100 * (g + 1)], float).mean(axis=0) for g in range(20)]
    over = [share / (found.constant * d**found.exponent) for d, share in groups]
    assert max(over) == pytest.approx(1)  # the smallest C that fits


def test_apart_kinds_need_no_constant_and_the_bound_holds() -> None:
    labels = np.arange(40) % 2
    z = torch.from_numpy(np.eye(2)[labels] + 0.01 * np.arange(40)[:, None])
    found = clusterability(z, labels, 3)
    assert (found.constant, found.error, found.held) == (0.0, 0.0, 1.0)
    assert not found.bound.any()


def test_neighbors_that_err_together_break_the_bound() -> None:
    """Islands of one kind in the other: all neighbors of their edge differ at once."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(30, 8))
    z = torch.from_numpy(np.repeat(centers, 9, axis=0) + 0.01 * rng.normal(size=(270, 8)))
    labels = np.arange(270) % 9 == 0  # one of each island
    found = clusterability(z, labels.astype(int), 8)
    assert found.error == pytest.approx(1 / 9)
    assert found.held < 0.5 < 1 - float(found.bound.mean())


def test_copies_of_different_labels_leave_no_constant() -> None:
    found = clusterability(torch.ones(12, 3), np.arange(12) % 2, 4)
    assert found.constant == inf
    assert found.bound.tolist() == [1.0] * 12


def test_a_row_is_no_neighbor_of_itself_among_many_copies() -> None:
    z = torch.cat([torch.ones(9, 3), torch.tensor([[1.0, 0.0, 0.0]])])
    found = clusterability(z, [0] * 8 + [1, 1], 2)
    assert found.differing.tolist() == [0] * 8 + [2, 2]


@pytest.mark.parametrize(
    "changes, error, words",
    [
        ({"k": 12}, ArgumentError, "k must be below the 12 rows, got 12"),
        ({"labels": [0] * 11}, ArrayError, "labels must be one for each of 12 rows, got 11"),
        ({"noise": 1.5}, ArgumentError, "noise must be at most 1"),
    ],
)
def test_bad_input_is_refused(changes: dict[str, Any], error: Any, words: str) -> None:
    z, labels = pool(12)
    with pytest.raises(error, match=words):
        clusterability(**{"embeddings": z, "labels": labels, "k": 3, **changes})


def test_what_is_no_probability_is_refused_by_its_row() -> None:
    with pytest.raises(ArrayError, match=r"probs\[1\] is 1.5; it must be in 0..1"):
        vote_error_bound(torch.tensor([0.5, 1.5]), 3)
