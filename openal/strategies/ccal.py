"""CCAL: candidates that resemble a labeled item and differ from its class in detail."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import Distinctiveness
from openal.purity import SemanticGate
from openal.query import Chain, Paper
from openal.selection import NearestClass, Sum, TopPerGroup

__all__ = ["CCAL"]


@dataclass(frozen=True)
class CCAL(Paper):
    """Per class of the nearest labeled item, the candidates that pass a gate and are distinctive.

    Trains nothing. Of two embeddings, which may be one, the first decides whether a candidate
    resembles a labeled item at all (`SemanticGate`) and which class it is counted for, the second
    how unlike the labeled items of that class it is (`Distinctiveness`). The best by the sum are
    asked, as many for each class.

    The paper trains two contrastive networks on the pool: SimCLR is semantic, CSI, which predicts
    rotations besides, is distinctive. Here any frozen encoders may be given; by default one serves
    both. The authors average over ten augmented views, and the distinctive score over four
    rotations of each: frozen embeddings have neither.

    The nearest labeled items of an unknown class are known ones, and nothing learns from items
    answered UNKNOWN: purity does not rise from round to round. The gate is relative to the
    candidates: one that is a near copy of a labeled item closes it for most others, and the
    distinctive score then ranks alone, far from the labeled items first. With many unknown
    candidates that can be worse than `Random`.

    Args:
        k: how steep the gate is, above 0; 100, as in the authors' code.
        threshold: where the gate opens, a scaled cosine; 0.9, as in the authors' code.
        semantic: name of the signal [N, D] of the gate and of the nearest class.
        distinctive: name of the signal [N, D] of the distinctive score.

    Raises:
        ArgumentError: a `k` that is not above 0, a `threshold` that is no finite number.

    Differences from the authors' code: a class with one labeled item is its own second anchor,
    where the code fails; where all candidates are alike, nothing is divided by 0; a candidate
    belongs to one class, so none is asked twice; what classes without candidates leave over goes
    to the others, and the budget is spent; the first query needs no answers.

    Cost: nothing is trained; for every candidate the nearest known answer and the agreement
    with the known answers of that class.

    Reference: Du, Zhao, Chen, Chai, Chen and Li, "Contrastive Coding for Active Learning under
    Class Distribution Mismatch", ICCV 2021.
    """

    cites = ("du2021contrastive",)

    k: float = 100.0
    _: KW_ONLY
    threshold: float = 0.9
    semantic: str = "embeddings"
    distinctive: str = "embeddings"

    def plan(self) -> Chain:
        """The sum of both scores, per nearest class."""
        groups = NearestClass(self.semantic)
        gate = SemanticGate(self.k, threshold=self.threshold, embeddings=self.semantic)
        return Chain(
            TopPerGroup(
                Sum(gate, Distinctiveness(groups, embeddings=self.distinctive)), groups=groups
            ),
        )
