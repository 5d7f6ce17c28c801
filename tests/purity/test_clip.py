"""Zero-shot purity from class texts alone, beside its two formulae."""

from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from openal.errors import ArgumentError, ArrayError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import CLIPPurity
from openal.query import evaluate

COSINES = 0.2 + 0.1 * np.random.default_rng(0).normal(size=(30, 5))


def scores(part: CLIPPurity, cosines: np.ndarray = COSINES) -> Any:
    pool = Pool(yes_cosines=cosines)
    return evaluate(part, pool.view(LabeledSet(*cosines.shape), reads=("yes_cosines",))).numpy()


@pytest.mark.parametrize("scale", [0.5, 1.0, 100.0])
def test_mcm_is_the_largest_probability(scale: float) -> None:
    expected = softmax(scale * COSINES, axis=1).max(axis=1)
    np.testing.assert_allclose(scores(CLIPPurity(scale=scale)), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.5, 1.0, 100.0])
def test_energy_is_a_soft_maximum(scale: float) -> None:
    found = scores(CLIPPurity(rule="energy", scale=scale))
    np.testing.assert_allclose(found, logsumexp(scale * COSINES, axis=1) / scale, rtol=1e-5)
    if scale == 100:
        assert (found >= COSINES.max(axis=1) - 1e-6).all()


def test_the_defaults_are_those_of_the_paper() -> None:
    assert CLIPPurity() == CLIPPurity(rule="mcm", scale=1.0, yes="yes_cosines")


def test_one_class_is_the_surest_for_mcm_and_its_cosine_for_energy() -> None:
    cosines = np.array([[0.3], [0.1]])
    assert scores(CLIPPurity(), cosines).tolist() == [1, 1]
    assert scores(CLIPPurity(rule="energy", scale=50), cosines) == pytest.approx([0.3, 0.1])


def test_large_scales_are_fine() -> None:
    assert np.isfinite(scores(CLIPPurity(rule="energy", scale=1e6))).all()
    assert scores(CLIPPurity(rule="mcm", scale=1e6)) == pytest.approx(np.ones(30), abs=1e-4)


def test_a_nan_is_refused_by_its_index() -> None:
    cosines = COSINES.copy()
    cosines[4, 1] = np.nan
    with pytest.raises(ArrayError, match="yes_cosines' must be finite; index 4"):
        scores(CLIPPurity(), cosines)


@pytest.mark.parametrize("options", [{"rule": "msp"}, {"scale": 0}, {"scale": float("inf")}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        CLIPPurity(**options)
