"""Every group's best, then every group's second best, and so on."""

import torch
from torch import Tensor

__all__ = ["in_passes", "places_in_groups"]


def in_passes(groups: Tensor, scores: Tensor, ranks: Tensor) -> Tensor:
    """All rows [n]: in every pass each group that still has one gives its best by score.

    `groups` [n] are 0..C-1, and `ranks` [C] say which group comes first in a pass: the least.
    Equal scores keep the order of the rows.
    """
    order = scores.argsort(descending=True, stable=True)
    order = order[groups[order].argsort(stable=True)]
    order = order[ranks[groups[order]].argsort(stable=True)]
    return order[places_in_groups(groups[order]).argsort(stable=True)]


def places_in_groups(groups: Tensor) -> Tensor:
    """The place 0, 1, ... of each row [n] among the rows of its own group, int64."""
    order = groups.argsort(stable=True)
    ordered = groups[order]
    first = torch.searchsorted(ordered, ordered)
    place = torch.arange(len(order), device=order.device) - first
    return torch.empty_like(order).scatter_(0, order, place)
