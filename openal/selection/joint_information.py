"""The candidates whose labels together would settle most."""

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

    Reads `mc_logits` of all candidates at once; narrow them before. `configurations` is how many
    values of the chosen labels are weighed: all there are, or so many drawn. With T samples there
    are log T nats to learn; once they are learnt the rest is filled by BALD, and counted.
    """

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
        return EmbeddingDropout(), DropoutClassifier()

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
