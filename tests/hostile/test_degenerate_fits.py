"""Fits with nothing to fit: one point, points that are all one, fewer of them than asked for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from openal import functional as f
from openal.errors import ArgumentError
from openal.functional._unknown_kinds import count_unknown_kinds
from openal.informativeness import Distinctiveness, Entropy, Inconsistency
from openal.purity import (
    ActivationMixture,
    Certainty,
    ClassGaussians,
    DistanceEntropy,
    EpistemicMixture,
    KnownNeighbors,
    MahalanobisPurity,
    NearestKnown,
    OpenMaxPurity,
    PrototypePurity,
    SemanticGate,
)
from openal.query import Chain
from openal.selection import (
    Clusters,
    Cover,
    JointInformation,
    KCenter,
    KMeansCenters,
    KMeansPlusPlus,
    MetaScore,
    NearestClass,
    ParetoSubset,
    Top,
    TopPerGroup,
    TypicalPerCluster,
)
from openal.strategies import EAOA, EOAL, NEAT, OpenMax, OpenPathology, ProbCover, TypiClust
from openal.testing import world
from openal.testing._state_checks import SITUATIONS
from openal.testing._world import ask, expect_sound
from tests.walking import walked

MANY = 1000
"""More neighbors, clusters or items than there are."""

POINTS = {
    "one point": torch.tensor([[1.0, 2.0, 3.0]]),
    "one point of zeros": torch.zeros(1, 3),
    "two equal points": torch.ones(2, 3),
    "all one point": torch.full((12, 3), 0.1),
    "zeros": torch.zeros(12, 3),
    "two distinct points": torch.eye(3)[[0, 1] * 6],
    "a line": torch.arange(12.0)[:, None] * torch.tensor([1.0, 2.0, 3.0]),
    "one column": torch.arange(12.0)[:, None] * torch.tensor([1.0, 0.0, 0.0]),
    "no spread but the last digit": torch.ones(12, 3) + torch.arange(12.0)[:, None] * 1e-7,
}


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def labels(n: int) -> Tensor:
    return torch.arange(n) % 3


def spread(z: Tensor, values: Tensor) -> Tensor:
    """Each of n rows is there exactly once."""
    assert sorted(values.tolist()) == [*range(len(z))]
    return values


# Each gives numbers of points [n, 3]; `spread` where all of n > k rows are to be chosen once.
FITS: dict[str, Callable[[Tensor], Tensor]] = {
    "k_means": lambda z: f.k_means(z, MANY).centers,
    "k_means in small batches": lambda z: f.k_means(z, 5, mini_batch=True).centers,
    "k_center_greedy": lambda z: spread(z, f.k_center_greedy(z, None, MANY)),
    "k_center_greedy from itself": lambda z: spread(z, f.k_center_greedy(z, z, len(z))),
    "balanced_k_center": lambda z: spread(
        z, f.balanced_k_center(z, None, torch.full((len(z), 3), 1 / 3), torch.ones(3), MANY)
    ),
    "kmeans_pp": lambda z: spread(z, f.kmeans_pp(z, MANY, seeded())),
    "gradient_kmeans_pp": lambda z: spread(z, f.gradient_kmeans_pp(z, z, MANY, seeded())),
    "finch": lambda z: f.finch(z).double(),
    "finch_clusters": lambda z: f.finch_clusters(z, MANY).double(),
    "one finch cluster": lambda z: f.finch_clusters(z, 1).double(),
    "mahalanobis": lambda z: f.mahalanobis(z, z),
    "mahalanobis of one row": lambda z: f.mahalanobis(z, z[:1]),
    "mahalanobis with hardly a prior": lambda z: f.mahalanobis(z, z, prior=1e-12),
    "knn": lambda z: f.knn(z, z, len(z)).similarity,
    "prob_cover": lambda z: f.prob_cover(z, z[:0], MANY, delta=0.0).centers.double(),
    "pure_radius": lambda z: torch.tensor([f.pure_radius(z, labels(len(z)), purity=1.0)]),
    "typicality": lambda z: f.typicality(z, torch.zeros(len(z), dtype=torch.int64), MANY),
    "typicality alone": lambda z: f.typicality(z, torch.arange(len(z)), MANY),
    "reverse_neighbor_counts": lambda z: f.reverse_neighbor_counts(
        z, z, labels(len(z)), 3, MANY
    ).double(),
    "openmax": lambda z: f.openmax(z, z, labels(len(z)), tail=MANY),
    "distance_entropy": lambda z: f.distance_entropy(z, z),
    "distance_entropy of one cluster": lambda z: f.distance_entropy(z, z[:1]),
    "count_unknown_kinds": lambda z: torch.tensor(
        [count_unknown_kinds(z, labels(len(z)), 2, most=MANY)]
    ).double(),
    "anchor_agreement": lambda z: f.anchor_agreement(z, z[:1]),
    "prototype_cosines": lambda z: f.prototype_cosines(
        z, f.class_prototypes(z, torch.zeros(len(z), dtype=torch.int64), 1)
    ),
    "standardized": lambda z: f.standardized(z[:, 0]),
    "batch_bald": lambda z: f.batch_bald(z[:, None].expand(-1, 4, -1), len(z))[1],
    # No interpolation with itself changes anything: the size is infinite, and so defined.
    "flip_sizes": lambda z: 1 / (1 + f.flip_sizes(z, z, torch.eye(3), z[:1])),
}


@walked
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("k", [0, -1, MANY])
def test_neighbors_are_as_many_as_there_are(points: Tensor, k: int) -> None:
    with pytest.raises(ArgumentError, match=r"^k must"):
        f.knn(points, points, k)


MIXTURES: dict[str, dict[str, Any]] = {
    "plain": {},
    "tied": {"tied": True},
    "bayesian": {"bayesian": True},
    "bayesian and tied": {"bayesian": True, "tied": True},
    "of a Dirichlet process": {"bayesian": True, "dirichlet_process": True},
    "standardized": {"standardize": True},
    "without a floor to speak of": {"reg_covar": 1e-300},
}


@walked
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_fit_is_finite_and_the_same_again(
    fit: Callable[[Tensor], Tensor], points: Tensor
) -> None:
    before = points.clone()
    found = fit(points)
    assert found.isfinite().all()
    assert torch.equal(found, fit(points))
    assert torch.equal(points, before)


@walked
@pytest.mark.parametrize("options", MIXTURES.values(), ids=MIXTURES)
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_a_mixture_is_a_probability_and_neutral_without_spread(
    options: dict[str, Any], points: Tensor
) -> None:
    for column in points.T:
        alone = f.mixture_posterior(column, torch.arange(len(column)), len(column), **options)
        assert alone.tolist() == [0.5] * len(column)
        p = f.mixture_posterior(column, torch.zeros(len(column), dtype=torch.int64), 1, **options)
        assert bool(((p >= 0) & (p <= 1)).all())
        if len(column.unique()) == 1:
            assert p.tolist() == [0.5] * len(column)


STAGES = (
    *(Top(KnownNeighbors(k=MANY)), Top(KnownNeighbors(k=MANY, rule="all"))),
    *(Top(Inconsistency(k=MANY)), Top(EpistemicMixture(neighbors=MANY))),
    *(Top(NearestKnown()), Top(PrototypePurity()), Top(SemanticGate())),
    *(Top(Distinctiveness(NearestClass())), Top(DistanceEntropy(clusters=MANY))),
    *(Top(DistanceEntropy(clusters=1)), Top(ActivationMixture(bayesian=True, tied=True))),
    *(Top(ActivationMixture(per_class=False)), Top(ClassGaussians(prior=1e-12))),
    *(Top(MahalanobisPurity(clusters=MANY)), Top(MahalanobisPurity(clusters=1, prior=1e-12))),
    *(Top(OpenMaxPurity(alpha=MANY, tail=MANY)), Top(MetaScore(Entropy(), purity=Certainty()))),
    *(KCenter("embeddings"), KMeansCenters("embeddings"), KMeansPlusPlus("embeddings")),
    *(TopPerGroup(Entropy(), groups=Clusters(limit=1)), TopPerGroup(Entropy(), groups=Clusters())),
    *(Cover(num_clusters=MANY), Cover(delta=0.0), Cover(delta=1e9)),
    *(
        TypicalPerCluster(k=MANY, max_clusters=MANY, min_size=MANY),
        ParetoSubset(Entropy(), second=Entropy()),
    ),
    *(JointInformation(configurations=1), TypicalPerCluster(max_clusters=1)),
)

CHAINS: dict[str, Any] = {repr(stage): Chain(stage) for stage in STAGES} | {
    "NEAT": NEAT(k=MANY),
    "EAOA": EAOA(neighbors=MANY),
    "EOAL": EOAL(n_unknown_clusters=MANY),
    "OpenMax": OpenMax(alpha=MANY, tail=MANY),
    "OpenPathology": OpenPathology(clusters=MANY),
    "ProbCover": ProbCover(num_clusters=MANY),
    "TypiClust": TypiClust(k=MANY, max_clusters=MANY),
}


@walked
@pytest.mark.parametrize("when", SITUATIONS)
@pytest.mark.parametrize("name", CHAINS)
def test_a_stage_that_asks_for_more_than_there_is(name: str, when: str) -> None:
    made, chain = SITUATIONS[when](world), CHAINS[name]
    for budget in (6, MANY):
        query = ask(chain, made, budget)
        expect_sound(query, made, budget)
        assert query.scores is None or bool(query.scores.isfinite().all())
