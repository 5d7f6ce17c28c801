"""Where ties are broken: the order of the best by a score, and of those that score the same.

The candidates of a stage stand in the order of the stages before, at first by their index. A stable
sort by the stage's own score therefore breaks its ties by the earlier stages, then by the index.
"""

import numpy as np
import torch
from torch import Tensor

__all__ = ["best_rows"]


def best_rows(scores: Tensor, count: int) -> np.ndarray:
    """The rows of the `count` largest scores [n], best first; ties keep the order of the rows."""
    rows = torch.arange(len(scores), device=scores.device)
    if 0 < count < len(scores):
        rows = rows[scores >= torch.topk(scores, count, sorted=False).values.min()]
    order = torch.sort(scores[rows], descending=True, stable=True).indices
    best: np.ndarray = rows[order][:count].cpu().numpy()
    return best
