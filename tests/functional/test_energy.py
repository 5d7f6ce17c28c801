"""Energies against their formulas in NumPy."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from openal.errors import ArrayError
from openal.functional import aleatoric_energy, energy, epistemic_energy, least_confidence
from tests.walking import walked

Z = 6 * np.random.default_rng(0).normal(size=(40, 5))
KINDS = {
    "random": Z,
    "every row twice": Z[np.arange(40) // 2],
    "equal logits": np.repeat(Z[:, :1], 5, axis=1),
    "two equal best": np.hstack([Z, Z.max(axis=1, keepdims=True)]),
    "whole numbers": Z.round(),
    "two classes": Z[:, :2],
}


@walked
@pytest.mark.parametrize("kind", KINDS)
def test_row_by_row_from_the_formulas(kind: str) -> None:
    z = KINDS[kind]
    expected = []
    for row in z.tolist():
        everything = -math.log(math.fsum(math.exp(x) for x in row))
        known = -math.log(math.fsum(math.exp(x) for x in row[:-1]))
        others = math.log(math.fsum(math.exp(x) for x in sorted(row)[:-1]))
        unknown = math.log(1 + math.exp(row[-1]))
        expected.append((everything, known + unknown, everything + others))
    for at, function in enumerate((energy, epistemic_energy, aleatoric_energy)):
        wanted = [each[at] for each in expected]
        assert function(torch.from_numpy(z)).tolist() == pytest.approx(wanted, abs=1e-9)


oracle_of_aleatoric_energy = test_row_by_row_from_the_formulas
oracle_of_energy = test_row_by_row_from_the_formulas
oracle_of_epistemic_energy = test_row_by_row_from_the_formulas


def test_energy_is_minus_the_logarithm_of_the_sum() -> None:
    assert energy(torch.from_numpy(Z)).numpy() == pytest.approx(-logsumexp(Z, axis=1))


def test_epistemic_energy_adds_the_unknown() -> None:
    expected = -logsumexp(Z[:, :-1], axis=1) + np.log1p(np.exp(Z[:, -1]))
    assert epistemic_energy(torch.from_numpy(Z)).numpy() == pytest.approx(expected)


def test_aleatoric_energy_leaves_out_the_best() -> None:
    others = np.sort(Z, axis=1)[:, :-1]
    expected = -logsumexp(Z, axis=1) + logsumexp(others, axis=1)
    assert aleatoric_energy(torch.from_numpy(Z)).numpy() == pytest.approx(expected)


def test_aleatoric_energy_is_the_logarithm_of_least_confidence() -> None:
    z = torch.from_numpy(Z)
    torch.testing.assert_close(aleatoric_energy(z).exp(), least_confidence(z))


def test_a_certain_prediction_still_has_an_aleatoric_energy() -> None:
    assert aleatoric_energy(torch.tensor([[900.0, 0.0], [0.0, 0.0]])).tolist() == pytest.approx(
        [-900, -np.log(2)]
    )


def test_with_one_class_nothing_is_left_to_others() -> None:
    assert aleatoric_energy(torch.tensor([[3.0], [-9.0]])).tolist() == [0, 0]


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_huge_logits_do_not_overflow(size: float) -> None:
    z = torch.tensor([[size, 0.0, -size], [-size, -size, size]])
    for each in (energy(z), epistemic_energy(z), aleatoric_energy(z)):
        assert each.isfinite().all()
    assert epistemic_energy(z).tolist() == pytest.approx([-size, 2 * size], rel=1e-4)


def test_equal_rows_have_equal_energies() -> None:
    z = torch.from_numpy(Z[:1].astype("f4"))
    for function in (energy, epistemic_energy, aleatoric_energy):
        assert {*function(z.expand(1001, 5)).tolist()} == {*function(z).tolist()}


@pytest.mark.parametrize("function", [energy, epistemic_energy, aleatoric_energy])
def test_a_bad_row_is_named(function: object) -> None:
    assert callable(function)
    with pytest.raises(ArrayError, match="logits must be finite; row 1"):
        function(torch.tensor([[0.0, 1.0], [0.0, torch.nan]]))


def test_epistemic_energy_needs_a_known_class() -> None:
    with pytest.raises(ArrayError, match=r"logits must be \(N, K \+ 1\), K > 0, got \(3, 1\)"):
        epistemic_energy(torch.zeros(3, 1))
