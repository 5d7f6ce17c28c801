"""JSOSAL: LfOSA's purity with balanced classes, then the classifier's entropy."""

from dataclasses import dataclass
from typing import Literal

from openal.errors import ArgumentError
from openal.informativeness import Entropy
from openal.learners import Detector, EmbeddingDetector
from openal.pool import Learner
from openal.purity import ActivationMixture
from openal.query import Chain, Stage
from openal.selection import Top

__all__ = ["JSOSAL"]


@dataclass(frozen=True)
class JSOSAL(Chain):
    """The `factor` times budget that a balanced detector finds most known; of these, by entropy.

    Reads `detector_logits` and, for the entropy, the classifier's `logits`. Where the pool offers
    no `detector_logits`, a detector is trained on all answers with classes weighted inversely to
    their size: `Detector` on the pool's items, else `EmbeddingDetector` on its `embeddings`.

    `factor` is the one knob that matters: more of it trades purity for informativeness. The
    paper's ablation "BGM without entropy" is `entropy=None`. `entropy="detector"` reads the K + 1
    outputs of the detector, `"detector_known"` the K known ones.

    Accuracy may end below Random's, as with `LfOSA`: of the surest known items the entropy chooses
    among twice the budget only.

    Differences: no code was published. What the paper leaves open, and what is done here: the
    loss is a weighted mean, so that the weights do not change the step size; `max_weight_ratio`
    may cap the weight of a class with a few answers; the entropy is the classifier's; the factor
    is 2; the mixture shares one variance on standardized activations under a Dirichlet prior that
    keeps both components, because scikit-learn's defaults collapse on small classes.

    Cost: trains a detector on all answers, on images or on embeddings; its pass over every
    candidate, a mixture for each class, and the classifier's pass over the `factor` times budget
    that are left.

    Reference: Zhang, Zhang, Dai and Cao, "JSOSAL: Joint Sampling for Open-Set Active Learning",
    PMLR 278:614-621, 2025, eq. 1-7.
    """

    temperature: float = 0.5
    factor: float = 2.0
    entropy: Literal["classifier", "detector", "detector_known"] | None = "classifier"
    max_weight_ratio: float | None = None

    def __post_init__(self) -> None:
        if self.entropy not in ("classifier", "detector", "detector_known", None):
            raise ArgumentError(
                f"entropy must be 'classifier', 'detector', 'detector_known' or None, "
                f"got {self.entropy!r}."
            )
        super().__post_init__()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The Bayesian mixture's posterior, then entropy."""
        purity = ActivationMixture(bayesian=True)
        if self.entropy is None:
            return (Top(purity),)
        known_only = self.entropy == "detector_known"
        signal = "logits" if self.entropy == "classifier" else "detector_logits"
        return (Top(purity, self.factor), Top(Entropy(known_only, signal)))

    @property
    def learners(self) -> tuple[Learner, ...]:
        """The class-weighted detector, on images or on embeddings."""
        ratio, temperature = self.max_weight_ratio, self.temperature
        return (
            Detector(temperature=temperature, class_weights=True, max_weight_ratio=ratio),
            EmbeddingDetector(temperature=temperature, class_weights=True, max_weight_ratio=ratio),
        )
