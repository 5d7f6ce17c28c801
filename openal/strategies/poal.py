"""POAL: the subset that is best in entropy and in purity at once."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import Entropy
from openal.purity import ClassGaussians
from openal.query import Chain, Paper
from openal.selection import ParetoSubset

__all__ = ["POAL"]


@dataclass(frozen=True)
class POAL(Paper):
    """A choice that no other choice seen surpasses in total entropy and in total purity.

    Reads the classifier's `logits` and `features`: purity is the Mahalanobis distance of the
    features to the nearest class. Trains nothing. `ParetoSubset` explains the search, and takes
    any other two scores.

    Needs answers of all classes: a class without one has no Gaussian, and what it holds lies far
    from the others. From nothing, with 40 classes of Caltech-101 and 60 % unknown, six queries of
    40 reach 21 classes, Random's 32, and end .15 below Random in accuracy; with one answer of each
    class, .03 below.

    In an open set its queries may hold fewer known items than those of Random: entropy counts for
    half, and what lies far from all class means is also what entropy likes.

    Args:
        factor: how many times the budget the Pareto layers hold at least, at least 1; 2, ours.
        draws: how many subsets are drawn at most, at least 1; 10 000, ours.
        patience: after how many draws in a row without anything new the search ends, at least 1;
            2000, ours.

    Raises:
        ArgumentError: a `factor`, `draws` or `patience` below 1.

    Differences: from the paper's text alone; its code was not read. What it leaves open here is the
    size of the search and which choice on the front is taken: the one nearest to the best of both.

    Cost: nothing is trained; the classifier's pass over every candidate, Pareto layers of all,
    and up to `draws` subsets of the best layers.

    Reference: Zhan et al., "Pareto Optimization for Active Learning under Out-of-Distribution
    Data Scenarios", TMLR 2023, arXiv 2207.01190.
    """

    cites = ("zhan2023pareto",)

    factor: float = 2.0
    _: KW_ONLY
    draws: int = 10_000
    patience: int = 2_000

    def plan(self) -> Chain:
        """The search over subsets."""
        return Chain(
            ParetoSubset(
                Entropy(),
                second=ClassGaussians(),
                factor=self.factor,
                draws=self.draws,
                patience=self.patience,
            )
        )
