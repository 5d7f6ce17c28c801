"""JSOSAL: LfOSA's purity with balanced classes, then the classifier's entropy."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from openal._checks import as_number
from openal.informativeness import Entropy
from openal.learners import Detector, EmbeddingDetector
from openal.parts import as_learner, as_stage
from openal.pool import Learner
from openal.purity import ActivationMixture
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Top
from openal.step import Stage
from openal.strategies._without_effect import require_defaults

__all__ = ["JSOSAL"]


DECAY = 1e-3
"""The weight decay of the paper's networks, twice that of LfOSA's."""


@dataclass(frozen=True)
class JSOSAL(Paper):
    """The `factor` times budget that a balanced detector finds most known; of these, by entropy.

    Reads `detector_logits` and, for the entropy, the classifier's `logits`. Where the pool offers
    no `detector_logits`, a detector is trained on all answers with classes weighted inversely to
    their size: `EmbeddingDetector` on the pool's `embeddings`, else `Detector` on its items, with
    the paper's weight decay of 0.001.

    Accuracy may end below Random's, as with `LfOSA`: of the surest known items the entropy chooses
    among twice the budget only.

    Args:
        temperature: of the default detector's cross-entropy, above 0; 0.5, as in the paper.
        factor: how many times the budget goes on to the entropy, at least 1: the one knob that
            matters, more of it trades purity for informativeness; 2, ours.
        entropy: of the "classifier"; of the K + 1 outputs of the "detector"; of its K known ones,
            "detector_known". None: the paper's ablation "BGM without entropy".
        max_weight_ratio: caps the weight of a class with few answers, at least 1; None: no cap.
        detector: a learner in place of the default one, with options of its own.
        then: a stage or a strategy in place of the entropy.

    Raises:
        ArgumentError: an option beyond its limits, a `detector` that is no learner, a `then` that
            is no stage.

    Differences: no code was published. What the paper leaves open, and what is done here: the
    loss is a weighted mean, so that the weights do not change the step size; `max_weight_ratio`
    may cap the weight of a class with a few answers; the entropy is the classifier's; the factor
    is 2; the mixture shares one variance on standardized activations under a Dirichlet prior that
    keeps both components, because scikit-learn's defaults collapse on small classes.

    Cost: trains a detector on all answers, on embeddings or on images; its pass over every
    candidate, a mixture for each class, and the classifier's pass over the `factor` times budget
    that are left.

    Reference: Zhang, Zhang, Dai and Cao, "JSOSAL: Joint Sampling for Open-Set Active Learning",
    PMLR 278:614-621, 2025, eq. 1-7.
    """

    cites = ("zhang2025jsosal",)

    temperature: float = 0.5
    _: KW_ONLY
    factor: float = 2.0
    entropy: Literal["classifier", "detector", "detector_known"] | None = "classifier"
    max_weight_ratio: float | None = None
    detector: Learner | None = None
    then: Stage | QueryStrategy | None = None

    def plan(self) -> Chain:
        """The Bayesian mixture's posterior, then entropy."""
        as_number(self.factor, "factor", minimum=1)
        purity = ActivationMixture(bayesian=True)
        last = self._by_entropy() if self.then is None else as_stage(self.then, "then")
        if last is None:
            return Chain(Top(purity), learners=self._detectors())
        return Chain(Top(purity, factor=self.factor), last, learners=self._detectors())

    def _by_entropy(self) -> Stage | None:
        if self.entropy is None:
            return None
        name = "logits" if self.entropy == "classifier" else "detector_logits"
        return Top(Entropy(name, known_only=self.entropy == "detector_known"))

    def _detectors(self) -> tuple[Learner, ...]:
        """The class-weighted detector, on embeddings or on images, or the one that was given."""
        if self.detector is not None:
            require_defaults(self, "detector", "temperature", "max_weight_ratio")
            return (as_learner(self.detector, "detector"),)
        ratio, temperature = self.max_weight_ratio, self.temperature
        return (
            Detector(
                temperature=temperature,
                class_weights=True,
                max_weight_ratio=ratio,
                weight_decay=DECAY,
            ),
            EmbeddingDetector(temperature=temperature, class_weights=True, max_weight_ratio=ratio),
        )
