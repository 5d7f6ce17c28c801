"""The conditions of a simulation: everything but its strategy, its data and its seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.pool import Learner
from openal.simulate._described import described
from openal.simulate.loop import require_answers
from openal.simulate.oracle import Oracle
from openal.simulate.split import AnswerProtocol, OpenSetSplit, openset_split

__all__ = ["VARYING", "Conditions"]

VARYING = frozenset({"mismatch", "ood_ratio", "known", "first"})
"""The settings that differ between the conditions of a grid."""

FLAGS = ("same_start", "thin", "own_schedules", "on_images")
"""The settings that are written down where they are on."""


@dataclass(frozen=True)
class Conditions:
    """Everything but the strategy, the data and the seed: see `openset_split` and `simulate`.

    Attributes:
        first: the number of first answers, before any query; 0 for a cold start.
        mismatch: the share of classes that are known, above 0 and at most 1.
        known: the known classes by id or name, instead of `mismatch`.
        ood_ratio: the share of unknown items in the pool, below 1; None keeps all there are.
        protocol: where the first answers come from: "clipnal", "known" or "random".
        test_share: the share of each known class that is held out for testing, below 1.
        rounds: the number of queries.
        budget: the answers per query.
        noise: the share of wrong answers, 0 to 1.
        skip: the share of answers SKIPPED, 0 to 1.
        task: the classifier that is trained in every round.
        same_start: whether every round of a run trains with the same seed, and so from the same
            initial weights, as the public OpenAL framework does.
        thin: whether known items are left out where the unknown ones are too few for `ood_ratio`.
        own_schedules: the share of their own papers' epochs for which the networks of strategies
            are trained, with their own rates and batches; they take no more than network,
            augmentation and device from the task network. 0: they are trained as that is.
        on_images: whether the networks of strategies learn the images even where there are
            embeddings, as in the papers.
    """

    first: int
    mismatch: float = 0.4
    known: tuple[int | str, ...] | None = None
    ood_ratio: float | None = None
    protocol: AnswerProtocol = "known"
    test_share: float = 0.25
    rounds: int = 10
    budget: int = 20
    noise: float = 0.0
    skip: float = 0.0
    task: Learner = field(default_factory=EmbeddingClassifier)
    same_start: bool = False
    thin: bool = False
    own_schedules: float = 0.0
    on_images: bool = False

    def __post_init__(self) -> None:
        Oracle((), 1, self.noise, self.skip)  # refuses what cannot be

    @property
    def tag(self) -> str:
        """The ratios, as the names of a grid's files have them."""
        return f"mismatch{self.mismatch:g}-ood{_shown(self.ood_ratio)}"

    @property
    def title(self) -> str:
        """The ratios, for people."""
        return f"mismatch {self.mismatch:g}, ood_ratio {_shown(self.ood_ratio)}"

    def split(
        self, labels: Any, names: Sequence[str], seed: int, *, own_test: bool = False
    ) -> OpenSetSplit:
        """The split of a seed; an ArgumentError if it cannot be had, or not all its answers."""
        split = openset_split(
            labels,
            first=self.first,
            seed=seed,
            mismatch=self.mismatch,
            known=self.known,
            names=names,
            ood_ratio=self.ood_ratio,
            protocol=self.protocol,
            test_share=self.test_share,
            thin=self.thin,
        )
        require_answers(split, self.rounds, self.budget)
        if not (own_test or len(split.test)):
            raise ArgumentError(f"test_share {self.test_share:g} leaves no item to test with.")
        return split

    def settings(self) -> dict[str, Any]:
        """The conditions as values that JSON can hold, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        known = None if self.known is None else list(self.known)
        flags = {name: value for name in FLAGS if (value := values.pop(name))}
        return {**values, "known": known, "task": described(self.task), **flags}


def _shown(ratio: float | None) -> str:
    return "all" if ratio is None else f"{ratio:g}"
