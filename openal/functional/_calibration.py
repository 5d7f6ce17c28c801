"""Log-odds calibrated on answers, with a prior that few answers need."""

from math import log

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["slope_and_offset"]


def slope_and_offset(
    log_odds: Tensor,
    is_known: Tensor,
    *,
    slope: float = 1.0,
    slope_spread: float = 1.0,
    offset_spread: float = 2.0,
) -> tuple[float, float]:
    """The slope, above 0, and the offset under which the answers are likeliest, with a prior.

    The logarithm of the slope is about that of `slope` +- `slope_spread`, the offset 0 +-
    `offset_spread`; both are these without any answer. `log_odds` [m], `is_known` bool [m]. Platt,
    "Probabilistic Outputs for Support Vector Machines", 1999.
    """
    target, log_odds, middle = is_known.double().cpu(), log_odds.double().cpu(), log(slope)
    at = torch.tensor([middle, 0.0], dtype=torch.float64, device="cpu", requires_grad=True)
    optimizer = torch.optim.LBFGS([at], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        shifted = at[0].exp() * log_odds + at[1]
        loss = binary_cross_entropy_with_logits(shifted, target, reduction="sum")
        loss = loss + ((at[0] - middle) / slope_spread) ** 2 / 2 + (at[1] / offset_spread) ** 2 / 2
        loss.backward()
        return loss.item()

    with torch.enable_grad():
        optimizer.step(closure)
    fitted, offset = at.detach().tolist()
    return float(torch.tensor(fitted, dtype=torch.float64, device="cpu").exp()), offset
