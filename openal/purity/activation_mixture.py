"""ActivationMixture (LfOSA): the posterior of the higher of two Gaussians of known activations."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softsign

from openal.functional import mixture_posterior
from openal.functional.scaling import with_ties_broken
from openal.learners import Detector, EmbeddingDetector
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["ActivationMixture", "LargestActivation"]


@dataclass(frozen=True)
class ActivationMixture(Part):
    """The posterior that the largest known activation comes from the higher of two Gaussians.

    Candidates are grouped by the class that the detector predicts, and a mixture of two Gaussians
    is fitted to the largest known logit of each group. Predicted unknowns score 0. Many posteriors
    are exactly 0 or 1: among equals, the larger activation relative to its group comes first, and
    predicted unknowns follow by their known activation. A group of fewer than two values, or
    without spread, scores 0.5.

    Brings LfOSA's detector, or with `bayesian` JSOSAL's, whose classes are weighted:
    `EmbeddingDetector` where the pool has embeddings, else `Detector`.

    Args:
        activations: name of the signal [N, K + 1], or [N, K] without an unknown class.
        per_class: one mixture for each predicted class, as in the paper; False: one for all.
        tied: one variance for both Gaussians, so that a larger activation is never less known;
            off in the paper.
        bayesian: a variational mixture of standardized activations with one variance and a
            Dirichlet prior that keeps both components, as JSOSAL has it; the prior is ours.
        unknown_column: whether the last column is the unknown class.

    Reference: Ning et al., "Active Learning for Open-set Annotation", CVPR 2022 (LfOSA), eq. 5-7.
    """

    cites = ("ning2022active",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    activations: str = signal("detector_logits")
    _: KW_ONLY
    per_class: bool = True
    tied: bool = False
    bayesian: bool = False
    unknown_column: bool = True

    @property
    def learners(self) -> tuple[Any, ...]:
        """LfOSA's detector, or with `bayesian` JSOSAL's, whose classes are weighted."""
        return _detectors(self.activations, class_weights=self.bayesian)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        value, predicted = _known_activation(view, self.activations, self.unknown_column)
        group = predicted if self.per_class else predicted.clamp(max=0)
        known = group >= 0
        posterior = torch.zeros_like(value)
        if known.any():
            posterior[known] = self._posterior(value[known], group[known])
        return with_ties_broken(posterior, _rank_in_group(value, group))

    def _posterior(self, value: Tensor, group: Tensor) -> Tensor:
        groups = int(group.max()) + 1
        if not self.bayesian:
            return mixture_posterior(value, group, groups, tied=self.tied)
        return mixture_posterior(
            value,
            group,
            groups,
            bayesian=True,
            tied=True,
            standardize=True,
            weight_concentration=10.0,
            mean_precision=0.01,
            max_iter=200,
            tol=1e-3,
        )


@dataclass(frozen=True)
class LargestActivation(Part):
    """The largest known activation itself, without a mixture; predicted unknowns come last.

    The ablation "Max_AV" of LfOSA's authors' code. Brings LfOSA's detector: `EmbeddingDetector`
    where the pool has embeddings, else `Detector`.

    Args:
        activations: name of the signal [N, K + 1], or [N, K] without an unknown class.
        unknown_column: whether the last column is the unknown class.
    """

    role: ClassVar[Role] = "purity"

    activations: str = signal("detector_logits")
    _: KW_ONLY
    unknown_column: bool = True

    @property
    def learners(self) -> tuple[Any, ...]:
        """LfOSA's detector."""
        return _detectors(self.activations)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64."""
        value, predicted = _known_activation(view, self.activations, self.unknown_column)
        return value - (predicted < 0) * (1 + value.max() - value.min())


def _detectors(activations: str, *, class_weights: bool = False) -> tuple[Any, ...]:
    """A detector of K + 1 classes, or of known against unknown, at LfOSA's temperature."""
    binary = activations == "binary_logits"
    return (
        Detector(temperature=0.5, class_weights=class_weights, binary=binary),
        EmbeddingDetector(temperature=0.5, class_weights=class_weights, binary=binary),
    )


def _known_activation(view: View, name: str, unknown_column: bool) -> tuple[Tensor, Tensor]:
    """The largest known logit [n], float64, and the predicted class [n]; -1 for unknown."""
    largest = view.map(partial(_largest_known, unknown_column=unknown_column), name)
    return largest[:, 0], largest[:, 1].long()


def _largest_known(logits: Tensor, unknown_column: bool) -> Tensor:
    known = logits[:, : logits.shape[1] - unknown_column]
    value, predicted = known.max(dim=1)
    if unknown_column:
        predicted = torch.where(logits[:, -1] > value, -1, predicted)
    return torch.stack([value.double(), predicted.double()], dim=1)


def _rank_in_group(value: Tensor, group: Tensor) -> Tensor:
    """In (0, 1): first the predicted known, then the larger relative to its group (-1: unknown)."""
    slot = group + 1
    count = torch.bincount(slot).clamp(min=1).to(value)
    mean = torch.zeros_like(count).index_add(0, slot, value) / count
    centered = value - mean[slot]
    variance = torch.zeros_like(count).index_add(0, slot, centered.square()) / count
    relative = centered / variance.sqrt().clamp(min=torch.finfo(value.dtype).tiny)[slot]
    return (1 + softsign(relative)) / 4 + (group >= 0) / 2
