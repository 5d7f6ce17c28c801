"""JointInformation (BatchBALD): the candidates whose labels together would settle most."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from openal._checks import as_count
from openal.functional import batch_bald
from openal.learners import DropoutClassifier, EmbeddingDropout
from openal.parts import Part, signal
from openal.step import Step
from openal.view import View

__all__ = ["JointInformation"]


@dataclass(frozen=True)
class JointInformation(Part):
    """Chooses the budget one by one, each for what its label adds to those chosen before.

    Reads `mc_logits` of all candidates at once; narrow them before. With T samples there are
    log T nats to learn; once they are learned the rest is filled by mutual information (BALD), and
    counted. Brings `EmbeddingDropout` where the pool has embeddings, else `DropoutClassifier`.

    Args:
        mc_logits: name of the signal [N, T, K].
        configurations: how many values of the chosen labels are weighed, all there are or so many
            drawn, at least 1; 500, ours.

    Raises:
        ArgumentError: `configurations` below 1.

    Reference: Kirsch, van Amersfoort and Gal, "BatchBALD: Efficient and Diverse Batch Acquisition
    for Deep Bayesian Active Learning", NeurIPS 2019.
    """

    cites = ("kirsch2019batchbald",)

    narrows_to_budget: ClassVar[bool] = True

    mc_logits: str = signal("mc_logits")
    _: KW_ONLY
    configurations: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.configurations, "configurations", minimum=1)

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier with dropout."""
        return DropoutClassifier(), EmbeddingDropout()

    def __call__(self, view: View, budget: int) -> Step:
        """The chosen candidates, in the order of the choice."""
        rows, gains = batch_bald(
            view.pool[self.mc_logits],
            min(budget, len(view.pool)),
            configurations=self.configurations,
            generator=view.generator(),
        )
        view.notes["batch_information"] = float(gains.sum())
        filled = int((gains == 0).sum())
        return Step(self, view.pool.indices, rows.cpu().numpy(), n_filled=filled)
