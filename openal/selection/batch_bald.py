"""The candidates whose labels together would settle most."""

from dataclasses import dataclass

from openal._checks import as_count
from openal.functional import batch_bald
from openal.query import Step
from openal.view import View, reads

__all__ = ["BatchBALD"]


@dataclass(frozen=True)
class BatchBALD:
    """Chooses the budget one by one, each for what its label adds to those chosen before.

    Reads `mc_logits` of all candidates at once; narrow them before. `configurations` is how many
    values of the chosen labels are weighed: all there are, or so many drawn. With T samples there
    are log T nats to learn; once they are learned the rest is filled by BALD, and counted.
    """

    configurations: int = 500
    mc_logits: str = reads("mc_logits")

    def __post_init__(self) -> None:
        as_count(self.configurations, "configurations", minimum=1)

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
