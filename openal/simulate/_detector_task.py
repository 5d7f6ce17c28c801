"""LfOSA's ablation "without classifier": its detector classifies what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from openal.labeled import LabeledSet
from openal.learners import Classifier, Detector
from openal.pool import Frozen, Pool
from openal.simulate._settings_of_task import SCHEDULE, SHARED

__all__ = ["DetectorAsClassifier"]


@dataclass(frozen=True)
class DetectorAsClassifier:
    """The K known outputs of a K + 1 detector as a task network, trained as `classifier` would be.

    Learns from all answers, those of unknown items too; its logits are those of the known classes,
    so that it never calls a test item unknown.
    """

    classifier: Classifier
    temperature: float = 0.5

    offers: ClassVar[tuple[str, ...]] = ("logits", "features")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    @property
    def detector(self) -> Detector:
        """The detector, with the settings of the classifier."""
        names = (*SHARED, *SCHEDULE, "steps_per_epoch")
        settings = {name: getattr(self.classifier, name) for name in names}
        return Detector(temperature=self.temperature, **settings)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> Frozen:
        """The trained detector, as a classifier."""
        trained = self.detector.fit(pool, labeled, seed=seed, progress=progress)
        return _KnownOutputs(trained, labeled.num_classes)


NAMES: Mapping[str, str] = {"logits": "detector_logits", "features": "detector_features"}


@dataclass(frozen=True, eq=False)
class _KnownOutputs:
    """A trained `detector` without its last output."""

    detector: Frozen
    num_classes: int

    offers: ClassVar[tuple[str, ...]] = ("logits", "features")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`: logits [n, K] of the known classes, features."""
        asked = tuple(NAMES[name] for name in names)
        found = self.detector.signals(pool, indices, asked, progress=progress)
        values = {name: found[NAMES[name]] for name in names}
        return {k: v[:, : self.num_classes] if k == "logits" else v for k, v in values.items()}
