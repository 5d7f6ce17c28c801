"""What a detector learns: which answers, as which outputs, with which loss."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_number
from openal._items import AnsweredSubset
from openal.errors import ArgumentError
from openal.functional.losses import class_weights, energy_margin_loss, weighted_cross_entropy
from openal.labeled import LabeledSet

__all__ = ["Detection"]

MARGIN_WEIGHT = 0.01
"""What the energy margin counts beside the cross-entropy (EAOA)."""


@dataclass(frozen=True)
class Detection:
    """Which answers a detector learns, as which of its outputs, and with which loss.

    Outputs are the classes 0..K-1 and unknown as K; with `binary`, 0 for known and 1 for unknown.
    """

    temperature: float
    binary: bool
    use_invalid: bool
    class_weights: bool
    max_weight_ratio: float | None
    energy_margin: tuple[float, float] | None

    def __post_init__(self) -> None:
        as_number(self.temperature, "temperature", above=0)
        if self.energy_margin is not None:
            _require_margin(self.energy_margin)
        if self.max_weight_ratio is not None:
            as_number(self.max_weight_ratio, "max_weight_ratio", minimum=1)

    @property
    def cites(self) -> tuple[str, ...]:
        """LfOSA, whose detector it is, and where they are asked for the weights and the margin."""
        weights = ("zhang2025jsosal",) if self.class_weights else ()
        margin = ("liu2020energy", "zong2025rethinking") if self.energy_margin else ()
        return ("ning2022active", *weights, *margin)

    @property
    def names(self) -> dict[str, str]:
        """The signals that a detector offers, each with the output of the network that it is."""
        if self.binary:
            return {"binary_logits": "logits"}
        return {"detector_logits": "logits", "detector_features": "features"}

    def num_outputs(self, num_classes: int) -> int:
        """K + 1, or 2."""
        return 2 if self.binary else num_classes + 1

    def answers(self, labeled: LabeledSet, dataset: Any) -> AnsweredSubset:
        """The known and, with `use_invalid`, the unknown items of `dataset`, as outputs."""
        subset = labeled.detector_subset if self.use_invalid else labeled.known_subset
        found = subset(dataset)
        if not self.binary:
            return found
        unknown = (found.targets == labeled.num_classes).astype(np.int64)
        return AnsweredSubset(dataset, found.indices, unknown)

    def loss(self, outputs: np.ndarray, num_outputs: int) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss of (logits [n, C], outputs [n]), given the outputs [m] of all answers."""
        weights = None
        if self.class_weights:
            weights = class_weights(
                torch.from_numpy(outputs), num_outputs, max_ratio=self.max_weight_ratio
            )
        entropy = partial(weighted_cross_entropy, temperature=self.temperature, weights=weights)
        if self.energy_margin is None:
            return entropy
        return partial(_with_margin, entropy=entropy, margin=self.energy_margin)


def _with_margin(
    logits: Tensor,
    labels: Tensor,
    *,
    entropy: Callable[[Tensor, Tensor], Tensor],
    margin: tuple[float, float],
) -> Tensor:
    return entropy(logits, labels) + MARGIN_WEIGHT * energy_margin_loss(logits, labels, margin)


def _require_margin(margin: Any) -> None:
    if not isinstance(margin, tuple) or len(margin) != 2:
        raise ArgumentError(f"energy_margin must be two energies (known, unknown), got {margin!r}.")
    known, unknown = (as_number(each, "energy_margin") for each in margin)
    if known > unknown:
        raise ArgumentError(
            f"energy_margin must be (known, unknown), the energy of known items not above that "
            f"of unknown ones; got {margin!r}."
        )
