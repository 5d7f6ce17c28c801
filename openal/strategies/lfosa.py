"""LfOSA: a detector with one more class, and a mixture of its activations."""

from dataclasses import dataclass
from typing import Literal

from openal.errors import ArgumentError
from openal.learners import Detector, EmbeddingDetector
from openal.pool import Learner
from openal.purity import ActivationMixture, LargestActivation
from openal.query import Chain, Stage
from openal.selection import Top

__all__ = ["LfOSA"]


@dataclass(frozen=True)
class LfOSA(Chain):
    """What a detector of K + 1 classes is surest is known, by a mixture fitted to each class.

    Reads `detector_logits`. Where the pool offers none, a detector is trained on all answers at
    the given temperature: `Detector` on the pool's items, else `EmbeddingDetector` on its
    `embeddings`. What the pool offers goes first: the options of the detector then have no effect.

    The paper's ablations: `temperature=1` or `2`; `use_invalid=False` (without invalid set);
    `detector="binary"` (dichotomies: known against unknown, one mixture); `detector=None`
    (without detector: the classifier's `logits`); `mixture=False` (largest activation). "Without
    classifier" concerns how accuracy is reported: this query reads no classifier anyway.
    `tied=True` shares the variance of the two components, so that a larger activation is never
    less known.

    Accuracy may end below Random's: what is surest of a known class is what the classifier knows
    already.

    Differences from the authors' code: answered unknowns leave the pool, where the code bills
    them again; one temperature for all, as in the paper, where the code's default for unknowns is
    2; a class with one candidate scores 0.5 instead of being dropped; the mixture starts from the
    exact 2-means split instead of an unseeded one; ties go to the larger activation, and what is
    missing to the budget is filled by the known activation, instead of in arbitrary order; the
    detector has no two-dimensional bottleneck; the pool is scored unaugmented.

    Cost: trains a detector on all answers, on images or on embeddings; its pass over every
    candidate, and a mixture of two Gaussians for each class.

    Reference: Ning, Zhao, Li and Huang, "Active Learning for Open-set Annotation", CVPR 2022.
    """

    temperature: float = 0.5
    detector: Literal["classes", "binary"] | None = "classes"
    mixture: bool = True
    tied: bool = False
    use_invalid: bool = True

    def __post_init__(self) -> None:
        if self.detector not in ("classes", "binary", None):
            raise ArgumentError(f"detector must be 'classes', 'binary' or None: {self.detector!r}.")
        super().__post_init__()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The posterior of the higher component, or the activation itself."""
        signals = {"classes": "detector_logits", "binary": "binary_logits", None: "logits"}
        unknown, signal = self.detector is not None, signals[self.detector]
        if not self.mixture:
            return (Top(LargestActivation(unknown, signal)),)
        per_class = self.detector != "binary"
        return (Top(ActivationMixture(per_class, self.tied, False, unknown, signal)),)

    @property
    def learners(self) -> tuple[Learner, ...]:
        """The detector, on images or on embeddings."""
        binary, invalid = self.detector == "binary", self.use_invalid
        return (
            Detector(temperature=self.temperature, binary=binary, use_invalid=invalid),
            EmbeddingDetector(temperature=self.temperature, binary=binary, use_invalid=invalid),
        )
