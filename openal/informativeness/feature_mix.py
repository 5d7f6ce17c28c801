"""FeatureMix (AlphaMix): how little of a class mixed into the features changes the prediction."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_number
from openal.functional.feature_mix import LinearHead, class_anchors, flip_sizes, linear_head
from openal.parts import Part, Role, signal
from openal.view import Rows, View

__all__ = ["FeatureMix"]

SAMPLES = 4
"""How many candidates for each weight of a class suffice to find the head."""


@dataclass(frozen=True)
class FeatureMix(Part):
    """How little of a class's mean features must be mixed in to change the prediction.

    Mixtures grow in steps of `cap`. A candidate that changes in a step below 1 scores 1 minus
    that step; the others score below 0: falling with what they would need, and -1 where no
    mixture changes them. Before any known answer there is nothing to mix in, and all score -1.

    The weights of the last layer are found from `features` and `logits`, by least squares on the
    answered items and on a sample of the candidates drawn by the seed: exact for a network that
    ends in a linear layer. Where it does not, the layer found is an approximation, and the change
    is counted from the true logits. The share of the logits' variance that the layer explains is
    in the query's diagnostics as "head_explained"; far below 1 the score says little.

    Args:
        cap: the size of a step, above 0 and below 1; 0.03125, as in the authors' code.
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: a `cap` that is not between 0 and 1.

    Reference: Parvaneh et al., "Active Learning by Feature Mixing", CVPR 2022.
    """

    cites = ("parvaneh2022active",)

    role: ClassVar[Role] = "informativeness"

    cap: float = 0.03125
    _: KW_ONLY
    features: str = signal("features")
    logits: str = signal("logits")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.cap, "cap", above=0, below=1)

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64, from -1 to below 1."""
        head = self._head(view)
        view.notes["head_explained"] = head.explained
        anchors = class_anchors(view.known[self.features], view.labels)
        needed = partial(flip_sizes, weight=head.weight, anchors=anchors)
        return _scored(view.map(needed, self.features, self.logits), self.cap)

    def _head(self, view: View) -> LinearHead:
        parts = (view.known, view.invalid, self._drawn(view))
        features, logits = (
            torch.cat([rows[name] for rows in parts]) for name in (self.features, self.logits)
        )
        return linear_head(features, logits)

    def _drawn(self, view: View) -> Rows:
        """A sample of the candidates, ascending: some for each weight."""
        indices = torch.from_numpy(view.pool.indices).sort().values
        width = replace(view.pool, indices=view.pool.indices[:1])[self.features].shape[-1]
        order = torch.randperm(len(indices), generator=view.generator(), device="cpu")
        drawn = indices[order[: SAMPLES * (width + 1)]].sort().values
        return replace(view.pool, indices=drawn.numpy())


def _scored(sizes: Tensor, cap: float) -> Tensor:
    """Equal for all that change in the same step below 1; below 0 for all others."""
    step = (sizes / cap - 1e-6).ceil().clamp_min(1) * cap
    return torch.where(step < 1, 1 - step, -1 / (1 + 1 / sizes))
