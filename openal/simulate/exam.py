"""How well a classifier knows the known classes: its accuracy on items that were held out."""

from dataclasses import dataclass

import numpy as np

from openal.errors import ArgumentError
from openal.pool import Frozen, Pool
from openal.simulate.data import LabeledData
from openal.simulate.split import OpenSetSplit

__all__ = ["Exam", "exam_of"]


@dataclass(frozen=True, eq=False)
class Exam:
    """Test items of known classes, and their labels [n] in 0..K-1."""

    pool: Pool
    labels: np.ndarray

    def accuracy(self, model: Frozen, progress: bool | None) -> float:
        """The share of test items whose class has the largest logit."""
        indices = np.arange(len(self.labels))
        logits = model.signals(self.pool, indices, ("logits",), progress=progress)["logits"]
        return float((logits.argmax(dim=1).cpu().numpy() == self.labels).mean())


def exam_of(split: OpenSetSplit, data: LabeledData, test: LabeledData | None) -> Exam:
    """The test items of the split, or those of known classes in a test set of its own."""
    source = data if test is None else test
    items = split.test if test is None else np.flatnonzero(split.relabel(test.labels) >= 0)
    if not len(items):
        raise ArgumentError(
            "No test item of a known class is there; make the split with test_share=0.25, say, or "
            "give test=LabeledData(...)."
        )
    return Exam(source.pool(items), split.relabel(source.labels[items]))
