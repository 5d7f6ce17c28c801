"""LfOSA against the mixture of scikit-learn, class by class."""

from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import ActivationMixture, LargestActivation
from openal.selection import Top
from openal.strategies import LfOSA
from tests.walking import walked


class FromExactSplit(GaussianMixture):  # type: ignore[misc]
    """scikit-learn's EM, started from the 2-means split with the smallest squared distances."""

    def _initialize_parameters(self, x: np.ndarray, *_: Any, **__: Any) -> None:
        ordered = np.sort(x[:, 0])
        costs = [
            ordered[:at].var() * at + ordered[at:].var() * (len(x) - at) for at in range(1, len(x))
        ]
        upper = x[:, 0] >= ordered[int(np.argmin(costs)) + 1]
        self._initialize(x, np.stack([~upper, upper], axis=1).astype(float))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def reference(logits: np.ndarray, candidates: np.ndarray, budget: int, tied: bool) -> list[int]:
    """For each predicted class a mixture of the largest known logit; then those standing higher."""
    known, unknown = logits[candidates, :-1], logits[candidates, -1]
    value = known.max(axis=1)
    group = np.where(unknown > value, -1, known.argmax(axis=1))
    score = np.zeros(len(value))
    for each in np.unique(group):
        x = value[group == each][:, None]
        spread = x.std() or 1.0
        relative = (x[:, 0] - x.mean()) / spread
        standing = (1 + relative / (1 + np.abs(relative))) / 4 + (each >= 0) / 2
        posterior = np.full(len(x), 0.5 if each >= 0 else 0.0)
        if each >= 0 and len(x) > 1 and x.std() > 0:
            kind = "tied" if tied else "full"
            model = FromExactSplit(2, covariance_type=kind, reg_covar=5e-4, max_iter=10, tol=1e-2)
            posterior = model.fit(x).predict_proba(x)[:, model.means_[:, 0].argmax()]
        score[group == each] = (1 - 1e-9) * posterior + 1e-9 * standing
    order = np.lexsort((candidates, -np.round(score, 14)))
    return candidates[order][:budget].tolist()


def drawn(seed: int, twice: bool) -> tuple[np.ndarray, LabeledSet]:
    """Logits of a detector that is sure of some and mistaken about others."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(40, 120)), int(rng.integers(1, 5))
    logits = rng.normal(size=(n, k + 1))
    logits[np.arange(n), rng.integers(0, k + 1, n)] += rng.choice([2.0, 6.0], n)
    labeled = LabeledSet(n, k)
    asked = rng.permutation(n)[: n // 5]
    labeled.add(asked, rng.integers(UNKNOWN, k, len(asked)))
    return logits[np.arange(n) // 2] if twice else logits, labeled


@pytest.mark.long
@walked
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("budget", [1, 10, 1000])
def test_the_query_is_that_of_the_reference(
    seed: int, twice: bool, tied: bool, budget: int
) -> None:
    logits, labeled = drawn(seed, twice)
    query = LfOSA(tied=tied).query(Pool(detector_logits=logits), labeled, budget)
    expected = reference(logits, labeled.unlabeled_indices, budget, tied)
    assert query.indices.tolist() == expected


def test_predicted_unknowns_fill_up_by_their_known_activation() -> None:
    logits = np.array([[0.0, 9], [3, 9], [5, 1], [1, 9], [4, 1]])
    query = LfOSA().query(Pool(detector_logits=logits), LabeledSet(5, 1), 5)
    assert query.indices.tolist() == [2, 4, 1, 3, 0]


def test_the_ablations_are_other_scores() -> None:
    assert LfOSA().stages == (Top(ActivationMixture()),)
    assert LfOSA(tied=True).stages == (Top(ActivationMixture(tied=True)),)
    assert LfOSA(mixture=False).stages == (Top(LargestActivation()),)
    binary = ActivationMixture(per_class=False, activations="binary_logits")
    assert LfOSA(detector="binary").stages == (Top(binary),)
    alone = ActivationMixture(unknown_column=False, activations="logits")
    assert LfOSA(detector=None).stages == (Top(alone),)
    plain = LargestActivation(unknown_column=False, activations="logits")
    assert LfOSA(detector=None, mixture=False).stages == (Top(plain),)


def test_the_purity_is_the_posterior() -> None:
    logits = np.array([[0.1, -9], [0.2, -9], [0.3, -9], [8.0, -9], [8.1, -9], [8.2, -9]])
    query = LfOSA().query(Pool(detector_logits=logits), LabeledSet(6, 1), 6)
    assert query.indices.tolist() == [5, 4, 3, 2, 1, 0]
    assert query.purity is not None
    assert query.purity.tolist() == pytest.approx([1, 1, 1, 0, 0, 0], abs=1e-6)


@pytest.mark.parametrize("options", [{"detector": "ternary"}, {"temperature": 0}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        LfOSA(**options)
