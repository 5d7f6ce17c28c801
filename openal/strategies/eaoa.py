"""EAOA: epistemic energy finds the known, aleatoric energy what is worth an answer."""

from dataclasses import dataclass

from openal.informativeness import AleatoricMixture
from openal.learners import Detector, EmbeddingDetector
from openal.pool import Learner
from openal.purity import EpistemicMixture
from openal.query import Chain, Stage
from openal.selection import Adaptive, Note, PredictedClass, TopPerGroup

__all__ = ["EAOA"]


@dataclass(frozen=True)
class EAOA(Chain):
    """Of each predicted class what a detector knows best; of that what the classifier is torn by.

    Every class that the classifier predicts gives `factor` times its share of the budget with the
    least epistemic uncertainty; of these its share with the most aleatoric uncertainty is asked.

    Reads the classifier's `logits`, and `detector_logits` and `detector_features`. Where the pool
    offers none, a detector with a margin between the energies of known and unknown is trained on
    all answers: `Detector` on the pool's items, else `EmbeddingDetector` on its `embeddings`, with
    less weight decay than usual, so that the margin can be reached.

    The factor follows the precision of the rounds so far: see `Adaptive`. `target=None` keeps it
    as it is; `data_centric=False` leaves out the energy of reverse neighbors.

    Differences from the authors' code: a class with too few predictions gives what it has, and
    the others more, instead of an error; what is over the budget is dropped by score instead of
    at random; shares are rounded down; the mixtures start from the exact 2-means split; reverse
    neighbors are corrected so that classes of equal size count as they are.

    Cost: trains a detector on all answers, on images or on embeddings; its pass and the
    classifier's over every candidate, the nearest candidates of every answer, and three
    mixtures for all.

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach", CVPR 2025.
    """

    factor: float = 5.0
    target: float | None = 0.6
    tolerance: float = 0.05
    neighbors: int = 250
    data_centric: bool = True

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Epistemic, then aleatoric uncertainty, both within the predicted classes."""
        features = "detector_features" if self.data_centric else None
        known = EpistemicMixture(self.neighbors, features=features)
        pure: Stage = TopPerGroup(known, PredictedClass(), self.factor)
        if self.target is not None:
            pure = Adaptive(pure, self.target, self.tolerance)
        torn = AleatoricMixture()
        # Noted first, so that its mixture is fitted to all candidates.
        return (Note(torn), pure, TopPerGroup(torn, PredictedClass()))

    @property
    def learners(self) -> tuple[Learner, ...]:
        """The detector with margins, on images or on embeddings."""
        margin = (-25.0, -7.0)
        return (
            Detector(temperature=1.0, energy_margin=margin),
            EmbeddingDetector(temperature=1.0, energy_margin=margin, weight_decay=0.003),
        )
