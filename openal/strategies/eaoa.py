"""EAOA: low epistemic energy finds the known, high aleatoric energy the informative."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import AleatoricMixture
from openal.parts import as_learner
from openal.pool import Learner
from openal.purity import EpistemicMixture
from openal.query import Chain, Paper
from openal.selection import Adaptive, Note, PredictedClass, TopPerGroup
from openal.step import Stage

__all__ = ["EAOA"]


@dataclass(frozen=True)
class EAOA(Paper):
    """Of each predicted class what a detector knows best; of that what the classifier doubts most.

    Every class that the classifier predicts gives `factor` times its share of the budget with the
    least epistemic uncertainty; of these its share with the most aleatoric uncertainty is asked.

    Reads the classifier's `logits`, and `detector_logits` and `detector_features`. Where the pool
    offers none, a detector with a margin between the energies of known and unknown is trained on
    all answers: `EmbeddingDetector` on the pool's `embeddings`, with less weight decay than usual,
    so that the margin can be reached, else `Detector` on its items.

    Needs answers of all classes: what a class without an answer holds looks unknown to the
    detector, and is not asked about. From nothing, with 40 classes of Caltech-101 and 60 % unknown,
    six queries of 40 end .06 below Random in accuracy; with one answer of each class, .03 above it.

    The rounds must be told to the labeled set: `labeled.begin_round(query)` before the answers;
    without them the factor stays as it is.

    Args:
        factor: how many times its share a class hands on at first, at least 1; 5, as in the code.
        target: the share of known answers that the factor follows, see `Adaptive`; 0.6, as in the
            code. None: the factor stays.
        tolerance: how far the share may be off, at least 0; 0.05, as in the code.
        neighbors: how many candidates are near an answer, at least 1; 250, as in the code.
        data_centric: whether the energy of reverse neighbors counts; False leaves it out.
        detector: a learner in place of the default one.

    Raises:
        ArgumentError: `factor` or `neighbors` below 1, `target` or `tolerance` below 0, a
            `detector` that is no learner.

    Differences from the authors' code: a class with too few predictions gives what it has, and
    the others more, instead of an error; what is over the budget is dropped by score instead of
    at random; shares are rounded down; the mixtures start from the exact 2-means split; reverse
    neighbors are corrected so that classes of equal size count as they are.

    Cost: trains a detector on all answers, on embeddings or on images; its pass and the
    classifier's over every candidate, the nearest candidates of every answer, and three
    mixtures for all.

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach", CVPR 2025.
    """

    cites = ("zong2025rethinking",)

    factor: float = 5.0
    _: KW_ONLY
    target: float | None = 0.6
    tolerance: float = 0.05
    neighbors: int = 250
    data_centric: bool = True
    detector: Learner | None = None

    def plan(self) -> Chain:
        """Epistemic, then aleatoric uncertainty, both within the predicted classes."""
        features = "detector_features" if self.data_centric else None
        known = EpistemicMixture(self.neighbors, features=features)
        pure: Stage = TopPerGroup(known, groups=PredictedClass(), factor=self.factor)
        if self.target is not None:
            pure = Adaptive(pure, target=self.target, tolerance=self.tolerance)
        aleatoric = AleatoricMixture()
        # Noted first, so that its mixture is fitted to all candidates.
        stages = Note(aleatoric), pure, TopPerGroup(aleatoric, groups=PredictedClass())
        given = () if self.detector is None else (as_learner(self.detector, "detector"),)
        return Chain(*stages, learners=given)
