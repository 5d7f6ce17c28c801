"""UntilKnown (OpenPath): one stage before there is a known answer, another one from then on."""

from dataclasses import KW_ONLY, dataclass

from openal.errors import ArgumentError
from openal.parts import Part, as_stage
from openal.step import Stage, Step
from openal.view import View

__all__ = ["UntilKnown"]


@dataclass(frozen=True)
class UntilKnown(Part):
    """Keeps what the stage `first` keeps until an item of a known class is answered, then `then`'s.

    For a first query that needs no answers, where the later ones learn from them.

    Args:
        first: the stage before there is a known answer.
        then: the stage from then on.

    Raises:
        ArgumentError: a `first` or `then` that is no stage, or a chain, which is several.
    """

    first: Stage
    _: KW_ONLY
    then: Stage

    def __post_init__(self) -> None:
        for name in ("first", "then"):
            if hasattr(as_stage(getattr(self, name), name), "stages"):
                raise ArgumentError(f"{name} must be one stage, got a chain; use one for each.")
        super().__post_init__()

    @property
    def narrows_to_budget(self) -> bool:
        """Whether a stage that follows has nothing to choose."""
        return all(getattr(stage, "narrows_to_budget", False) for stage in (self.first, self.then))

    def __call__(self, view: View, budget: int) -> Step:
        """The step of the stage whose turn it is."""
        return (self.then if len(view.known) else self.first)(view, budget)
