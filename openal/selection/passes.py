"""Every group's best, then every group's second best, and so on."""

import torch
from torch import Tensor

__all__ = ["in_passes"]


def in_passes(groups: Tensor, scores: Tensor, ranks: Tensor) -> Tensor:
    """All rows [n]: in every pass each group that still has one gives its best by score.

    `groups` [n] are 0..C-1, and `ranks` [C] say which group comes first in a pass: the least.
    Equal scores keep the order of the rows.
    """
    order = scores.argsort(descending=True, stable=True)
    order = order[groups[order].argsort(stable=True)]
    ordered = groups[order]
    place = torch.arange(len(order), device=order.device) - torch.searchsorted(ordered, ordered)
    by_rank = ranks[ordered].argsort(stable=True)
    return order[by_rank][place[by_rank].argsort(stable=True)]
