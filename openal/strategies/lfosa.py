"""LfOSA: a detector with one more class, and a mixture of its activations for each class."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from openal._checks import as_number
from openal.errors import ArgumentError
from openal.learners import Detector, EmbeddingDetector
from openal.parts import as_stage
from openal.pool import Learner
from openal.purity import ActivationMixture, LargestActivation
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Top
from openal.step import Stage
from openal.strategies._without_effect import require_defaults
from openal.view import Score

__all__ = ["LfOSA"]


@dataclass(frozen=True)
class LfOSA(Paper):
    """What a detector of K + 1 classes is surest is known, by a mixture fitted to each class.

    Reads `detector_logits`. Where the pool offers none, a detector is trained on all answers:
    `EmbeddingDetector` on the pool's `embeddings`, else `Detector` on its items, with the options
    below; what the pool offers goes first, and they have no effect. The paper's ablation "without
    classifier" concerns how accuracy is reported: this query reads no classifier anyway.

    Accuracy may end below Random's: what is surest of a known class is what the classifier knows
    already.

    Args:
        temperature: of the default detector's cross-entropy, above 0; 0.5, as in the paper, whose
            ablations have 1 and 2.
        detector: "classes", K + 1 of them; "binary", the paper's dichotomies: known against unknown
            and one mixture; None, without a detector: the classifier's `logits`; or a learner, such
            as `Detector(epochs=50)` to train on images.
        mixture: False ranks by the largest activation, an ablation.
        tied: one variance for both components, so that a larger activation is never less known;
            off in the paper.
        use_invalid: False trains without what was answered UNKNOWN, an ablation.
        then: a stage or a strategy that chooses among `factor` times the budget, as in
            `LfOSA(then=Top(Margin()))`; None: the surest are asked.
        factor: how many times the budget goes on to `then`, at least 1; 2, ours.

    Raises:
        ArgumentError: a `temperature` or `factor` beyond its limits, a `detector` that is none of
            these, a `then` that is no stage.

    Differences from the authors' code: answered unknowns leave the pool, where the code bills
    them again; one temperature for all, as in the paper, where the code's default for unknowns is
    2; a class with one candidate scores 0.5 instead of being dropped; the mixture starts from the
    exact 2-means split instead of an unseeded one; ties go to the larger activation, and what is
    missing to the budget is filled by the known activation, instead of in arbitrary order; the
    detector has no two-dimensional bottleneck; the pool is scored unaugmented.

    Cost: trains a detector on all answers, on embeddings or on images; its pass over every
    candidate, and a mixture of two Gaussians for each class.

    Reference: Ning, Zhao, Li and Huang, "Active Learning for Open-set Annotation", CVPR 2022.
    """

    cites = ("ning2022active",)

    temperature: float = 0.5
    _: KW_ONLY
    detector: Learner | Literal["classes", "binary"] | None = "classes"
    mixture: bool = True
    tied: bool = False
    use_invalid: bool = True
    then: Stage | QueryStrategy | None = None
    factor: float = 2.0

    def plan(self) -> Chain:
        """The posterior of the higher component, or the activation itself."""
        as_number(self.factor, "factor", minimum=1)
        purity: Score = LargestActivation(self._signal, unknown_column=self._has_unknown)
        if self.mixture:
            purity = ActivationMixture(
                self._signal,
                per_class=self._signal != "binary_logits",
                tied=self.tied,
                unknown_column=self._has_unknown,
            )
        if self.then is None:
            return Chain(Top(purity), learners=self._detectors())
        then = as_stage(self.then, "then")
        return Chain(Top(purity, factor=self.factor), then, learners=self._detectors())

    @property
    def _has_unknown(self) -> bool:
        return self.detector is not None

    @property
    def _signal(self) -> str:
        if self.detector is None:
            return "logits"
        binary = self.detector == "binary" or getattr(self.detector, "binary", False)
        return "binary_logits" if binary else "detector_logits"

    def _detectors(self) -> tuple[Learner, ...]:
        """The detector, on embeddings or on images, or the one that was given."""
        if isinstance(self.detector, Learner):
            require_defaults(self, "detector", "temperature", "use_invalid")
            return (self.detector,)
        if self.detector not in ("classes", "binary", None):
            raise ArgumentError(
                "detector must be 'classes', 'binary', None or a learner, "
                f"got {self.detector!r:.80}."
            )
        binary, invalid = self.detector == "binary", self.use_invalid
        return (
            Detector(temperature=self.temperature, binary=binary, use_invalid=invalid),
            EmbeddingDetector(temperature=self.temperature, binary=binary, use_invalid=invalid),
        )
