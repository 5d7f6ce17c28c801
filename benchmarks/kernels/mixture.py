"""Two Gaussians for the values of each class: how likely a value belongs to the upper one."""

import warnings
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import mixture_posterior


def make(n: int, groups: int) -> Arrays:
    generator = torch.Generator().manual_seed(0)
    upper = torch.rand(n, generator=generator) < 0.4
    values = torch.randn(n, generator=generator, dtype=torch.float64) * (0.8 + 0.4 * upper)
    where = torch.randint(groups, (n,), generator=generator)
    return {"values": values + 4 * upper, "groups": where, "count": groups}


def ours(values: Tensor, groups: Tensor, count: int, bayesian: bool = False) -> np.ndarray:
    return mixture_posterior(values, groups, count, bayesian=bayesian).numpy()


def per_class(values: Tensor, groups: Tensor, count: int, bayesian: bool = False) -> np.ndarray:
    """As LfOSA's authors do: one fit of scikit-learn for each class, from its random 2-means."""
    from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

    kind: Any = BayesianGaussianMixture if bayesian else GaussianMixture
    options: dict[str, Any] = {"max_iter": 10, "tol": 1e-2, "reg_covar": 5e-4, "random_state": 0}
    if bayesian:
        options["weight_concentration_prior_type"] = "dirichlet_distribution"
    array, where = values.numpy()[:, None], groups.numpy()
    found = np.empty(len(array))
    for group in range(count):
        some = where == group
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ten steps are not always enough
            fitted = kind(n_components=2, **options).fit(array[some])
        found[some] = fitted.predict_proba(array[some])[:, fitted.means_.argmax()]
    return found


def agree(mine: np.ndarray, theirs: np.ndarray, **_: Any) -> Agreement:
    """Another start leads elsewhere within the tolerance of EM: as with another random state."""
    apart = np.abs(mine - theirs)
    how = f"posterior to {apart.mean():.4f} in the mean ({apart.max():.2f})"
    return Agreement(bool(apart.mean() < 0.02), how)


def work(n: int, groups: int) -> Work:
    return Work(bytes=16 * n)


def row(name: str, peer: str, bayesian: bool) -> Row:
    return Row(
        name,
        make,
        partial(ours, bayesian=bayesian),
        {peer: Peer(partial(per_class, bayesian=bayesian))},
        agree,
        work,
        toy={"n": 3000, "groups": 4},
        quick={"n": 50_000, "groups": 10},
        full={"n": 1_000_000, "groups": 100},
    )


ROWS = [
    row("mixture_posterior", "scikit-learn GaussianMixture", bayesian=False),
    row("mixture_posterior, Bayesian", "scikit-learn BayesianGaussianMixture", bayesian=True),
]
