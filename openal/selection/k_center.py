"""KCenter, ClassBalancedKCenter (Coreset): each next candidate is the farthest so far."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor

from openal._checks import as_number
from openal.functional import balanced_k_center, k_center_greedy
from openal.parts import Part, signal
from openal.selection.vectors import answered_vectors, as_vectors, vectors_of
from openal.step import Step
from openal.view import View

__all__ = ["ClassBalancedKCenter", "KCenter"]


@dataclass(frozen=True)
class KCenter(Part):
    """Keeps the budget's worth of candidates that cover the others: farthest first.

    Distances are Euclidean. Candidates keep away from `centers` and from each other. Ties go to the
    candidate that the stages before rank higher. Before any answer the first is the farthest from
    the mean. A candidate's distance depends on what is chosen before it, so the step has no scores.

    Args:
        vectors: name of a signal [N, d], or a function of a view that gives [n, d].
        centers: "answered", all items answered with a class or UNKNOWN, ours; or "known", those
            with a class only, as MQ-Net and CLIPNAL compare with.

    Raises:
        ArgumentError: `vectors` that are neither a name nor a function of a view.
        ScoreError: in a query, vectors that are no tensor [n, d].

    Reference: Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set
    Approach", ICLR 2018.
    """

    cites = ("sener2018active",)

    narrows_to_budget: ClassVar[bool] = True

    vectors: Any = "features"
    _: KW_ONLY
    centers: Literal["answered", "known"] = "answered"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "vectors", as_vectors(self.vectors))

    def __call__(self, view: View, budget: int) -> Step:
        """The farthest candidates, in the order of picking."""
        points, budget = vectors_of(self.vectors, view), min(budget, len(view.pool))
        answered = answered_vectors(self.vectors, view, self.centers)
        rows = k_center_greedy(points, answered, budget)
        return Step(self, view.pool.indices, rows.cpu().numpy())


@dataclass(frozen=True)
class ClassBalancedKCenter(Part):
    """K-center with a penalty: `lamb` times how far the classes are from even, per class.

    Each candidate counts for the classes by its softmax. Of class c are required
    (known + budget) / K, rounded down, less the answers of c, and at least 0; known is the number
    of answers of all classes so far. While more is required than the budget brings, all classes
    that lack some are penalized alike, and the distance decides among them.

    Args:
        lamb: the weight of the balance against the distance, at least 0; 5, as in the code that
            CLIPNAL's authors compare with.
        vectors: name of a signal [N, d], or a function of a view that gives [n, d].
        centers: that of `KCenter`.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `lamb` below 0, `vectors` that are neither a name nor a function of a view.
        ScoreError: in a query, vectors that are no tensor [n, d].

    Reference: Bengar et al., "Class-Balanced Active Learning for Image Classification", WACV 2022.
    """

    cites = ("bengar2022class",)

    narrows_to_budget: ClassVar[bool] = True

    lamb: float = 5.0
    _: KW_ONLY
    vectors: Any = "features"
    centers: Literal["answered", "known"] = "answered"
    logits: str = signal("logits")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "vectors", as_vectors(self.vectors))
        as_number(self.lamb, "lamb", minimum=0)

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates in the order of picking."""
        points, budget = vectors_of(self.vectors, view), min(budget, len(view.pool))
        answered = answered_vectors(self.vectors, view, self.centers)
        probs, required = view.map(_probabilities, self.logits), _required(view, budget)
        rows = balanced_k_center(points, answered, probs, required, budget, lamb=self.lamb)
        return Step(self, view.pool.indices, rows.cpu().numpy())


def _required(view: View, budget: int) -> Tensor:
    """How many answers of each class [K] are to come, so that all classes have as many."""
    counts = view.labels.bincount(minlength=view.num_classes)
    class_size = (len(view.labels) + budget) // view.num_classes
    return (class_size - counts).clamp_min(0).double()


def _probabilities(logits: Tensor) -> Tensor:
    return logits.double().softmax(dim=1)
