"""The variational Bayesian M step for two Gaussians per group.

Priors, as in scikit-learn: a Dirichlet distribution or process over the weights; over each mean a
normal around the group's mean; over each precision a Wishart with one degree of freedom around the
group's sample variance. Bishop, "Pattern Recognition and Machine Learning", 2006, section 10.2.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from openal.functional._gaussian_mixture import Components, Moments

__all__ = ["Dirichlet", "StickBreaking", "Variational"]


@final
@dataclass(frozen=True)
class Dirichlet:
    """Weights that are drawn from a Dirichlet distribution."""

    concentration: float

    def log_weights(self, counts: Tensor) -> Tensor:
        """The expected logarithm of the two weights [2, G], less what they share."""
        return torch.digamma(self.concentration + counts)

    def bound(self, counts: Tensor) -> Tensor:
        """What the weights add to the evidence bound [G], less a constant."""
        return torch.lgamma(self.concentration + counts).sum(0)


@final
@dataclass(frozen=True)
class StickBreaking:
    """Weights of a Dirichlet process, cut after two; component 0 breaks off the stick first."""

    concentration: float

    def log_weights(self, counts: Tensor) -> Tensor:
        """The expected logarithm of the two weights [2, G]."""
        taken, left = self._sticks(counts)
        whole = torch.digamma(taken + left)
        after_first = torch.digamma(left[0]) - whole[0]
        shift = torch.stack([torch.zeros_like(after_first), after_first])
        return torch.digamma(taken) - whole + shift

    def bound(self, counts: Tensor) -> Tensor:
        """What the weights add to the evidence bound [G]."""
        taken, left = self._sticks(counts)
        return (torch.lgamma(taken) + torch.lgamma(left) - torch.lgamma(taken + left)).sum(0)

    def _sticks(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        later = torch.stack([counts[1], torch.zeros_like(counts[1])])
        return 1 + counts, self.concentration + later


@final
@dataclass(frozen=True)
class Variational:
    """The M step of the Bayesian mixture, for points with mean 0 and variance 1 in every group.

    `floor` [G] is added to every variance.
    """

    floor: Tensor
    weights: Dirichlet | StickBreaking
    mean_precision: float
    tied: bool

    def components(self, moments: Moments) -> Components:
        """The expected log-density of each component under the posterior of its parameters."""
        trust, freedom, precisions = self._posterior(moments)
        heights = (precisions / freedom).log() + torch.digamma(freedom / 2) - 1 / trust
        return Components(
            moments.counts * moments.means / trust,
            precisions,
            self.weights.log_weights(moments.counts) + heights / 2,
        )

    def bound(self, moments: Moments, entropy: Tensor, before: Components) -> Tensor:
        """The evidence lower bound, less a constant; `before` plays no part in it."""
        trust, freedom, precisions = self._posterior(moments)
        wishart = freedom / 2 * (2 * precisions / freedom).log() + torch.lgamma(freedom / 2)
        parts = (wishart - trust.log() / 2).sum(0)
        return entropy + parts + self.weights.bound(moments.counts)

    def _posterior(self, moments: Moments) -> tuple[Tensor, Tensor, Tensor]:
        """The precision of each mean, the degrees of freedom and the precisions, [2, G]."""
        counts, trust = moments.counts, self.mean_precision + moments.counts
        pull = self.mean_precision / trust * moments.means**2
        scatter = counts * (moments.variances + self.floor + pull)
        if self.tied:  # both components learn from half of what the two have seen
            counts, scatter = (x.mean(0).expand_as(x) for x in (counts, scatter))
        sizes = moments.counts.sum(0)
        sample_variances = sizes / (sizes - 1).clamp(min=1)
        return trust, 1 + counts, (1 + counts) / (sample_variances + scatter)
