"""JSOSAL against the Bayesian mixture of scikit-learn, class by class, and entropy in NumPy."""

from typing import Any

import numpy as np
import pytest
from sklearn.mixture import BayesianGaussianMixture

from openal.errors import ArgumentError
from openal.informativeness import Entropy
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import ActivationMixture
from openal.selection import Top
from openal.strategies import JSOSAL
from tests.walking import walked


class FromExactSplit(BayesianGaussianMixture):  # type: ignore[misc]
    """scikit-learn's fit, started from the 2-means split with the smallest squared distances."""

    def _initialize_parameters(self, x: np.ndarray, *_: Any, **__: Any) -> None:
        ordered = np.sort(x[:, 0])
        costs = [
            ordered[:at].var() * at + ordered[at:].var() * (len(x) - at) for at in range(1, len(x))
        ]
        upper = x[:, 0] >= ordered[int(np.argmin(costs)) + 1]
        self._initialize(x, np.stack([~upper, upper], axis=1).astype(float))


def posterior(value: np.ndarray) -> np.ndarray:
    """Of the higher component, on standardized values; 0.5 where there is nothing to part."""
    if len(value) < 2 or value.std() == 0:
        return np.full(len(value), 0.5)
    x = ((value - value.mean()) / value.std())[:, None]
    model = FromExactSplit(
        n_components=2,
        covariance_type="tied",
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=10.0,
        mean_precision_prior=0.01,
        reg_covar=5e-4,
        max_iter=200,
        tol=1e-3,
    ).fit(x)
    found: np.ndarray = model.predict_proba(x)[:, model.means_[:, 0].argmax()]
    return found


def reference(
    detector: np.ndarray, logits: np.ndarray, candidates: np.ndarray, budget: int
) -> list[int]:
    """The 2B with the largest posterior, then the B of these with the largest entropy."""
    value = detector[candidates, :-1].max(axis=1)
    group = np.where(detector[candidates, -1] > value, -1, detector[candidates, :-1].argmax(axis=1))
    score = np.zeros(len(value))
    for each in np.unique(group):
        x = value[group == each]
        relative = (x - x.mean()) / (x.std() or 1.0)
        standing = (1 + relative / (1 + np.abs(relative))) / 4 + (each >= 0) / 2
        of_class = posterior(x) if each >= 0 else np.zeros(len(x))
        score[group == each] = (1 - 1e-9) * of_class + 1e-9 * standing
    kept = candidates[np.lexsort((candidates, -np.round(score, 14)))][: 2 * budget]
    p = np.exp(logits[kept] - logits[kept].max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    entropy = np.round(-(p * np.log(p)).sum(axis=1), 12)
    return kept[np.argsort(-entropy, kind="stable")][:budget].tolist()


def drawn(seed: int, twice: bool) -> tuple[np.ndarray, np.ndarray, LabeledSet]:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(40, 120)), int(rng.integers(2, 5))
    detector = rng.normal(size=(n, k + 1))
    detector[np.arange(n), rng.integers(0, k + 1, n)] += rng.choice([2.0, 6.0], n)
    logits = 2 * rng.normal(size=(n, k))
    labeled = LabeledSet(n, k)
    asked = rng.permutation(n)[: n // 5]
    labeled.add(asked, rng.integers(UNKNOWN, k, len(asked)))
    rows = np.arange(n) // 2 if twice else np.arange(n)
    return detector[rows], logits[rows], labeled


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("budget", [1, 10, 1000])
def test_the_query_is_that_of_the_reference(seed: int, twice: bool, budget: int) -> None:
    detector, logits, labeled = drawn(seed, twice)
    query = JSOSAL().query(Pool(detector_logits=detector, logits=logits), labeled, budget)
    expected = reference(detector, logits, labeled.unlabeled_indices, budget)
    assert query.indices.tolist() == expected


def test_the_stages_by_whose_entropy() -> None:
    purity = ActivationMixture(bayesian=True)
    assert JSOSAL().stages == (Top(purity, factor=2.0), Top(Entropy()))
    assert JSOSAL(factor=4).stages == (Top(purity, factor=4), Top(Entropy()))
    assert JSOSAL(entropy=None).stages == (Top(purity),)
    detector = Entropy(logits="detector_logits")
    assert JSOSAL(entropy="detector").stages[1] == Top(detector)
    known = Entropy(known_only=True, logits="detector_logits")
    assert JSOSAL(entropy="detector_known").stages[1] == Top(known)


def test_what_is_read() -> None:
    assert JSOSAL().reads == ("detector_logits", "logits")
    assert JSOSAL(entropy="detector").reads == ("detector_logits",)
    assert JSOSAL(entropy=None).reads == ("detector_logits",)


@pytest.mark.parametrize(
    "options",
    [{"entropy": "none"}, {"factor": 0.5}, {"temperature": 0}, {"max_weight_ratio": 0}],
)
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        JSOSAL(**options)
