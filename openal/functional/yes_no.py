"""What two text encoders, one that says yes and one that says no, make of an image."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from openal.checks import as_finite, as_number
from openal.errors import ArgumentError, ArrayError

__all__ = ["DEFAULT_SCALES", "TunedScale", "tune_scale", "yes_no_probabilities"]

DEFAULT_SCALES = torch.arange(1, 1001, dtype=torch.float64) / 10
"""0.1, 0.2, ..., 100: the grid of CLIPNAL's authors' code; a scale is one over a temperature."""

Rule = Literal["atd", "ctw"]
BLOCK = 2**15 - 1  # elements of a row block: in the cache, and below the size that torch splits
ANCHOR = 16  # scales between two true exponentials


class TunedScale(NamedTuple):
    """The best scale of a grid and the balanced accuracy that it reaches."""

    scale: float
    balanced_accuracy: float


def yes_no_probabilities(
    yes: Tensor, no: Tensor, scale: float, visual: Tensor | None = None, *, rule: Rule = "atd"
) -> tuple[Tensor, Tensor]:
    """Evidence for a known class and for none of them: `(known, unknown)`, each [N].

    From the cosines [N, K] of images with the "yes" and the "no" text of each class:
    p_yes = softmax_j(scale * yes), q = sigmoid(scale * (yes - no)), r = p_yes * q.
    "atd" (agreeing to differ): known = max_j r_j, unknown = sum_j p_yes_j (1 - q_j). With
    `visual` [N, K], the cosines with the classes' labeled images, r_j is weighted by
    softmax_j(scale * visual) and unknown is divided by K. "ctw" (competing to win): known = q of
    the class with the largest yes, unknown = 1 - q; `visual` is not used.

    An item counts as known where known > unknown.

    Reference: Park et al., CLIPNAL (later VLPure-AL), arXiv 2408.04917, eqs. 2-7; Wang et al.,
    CLIPN, ICCV 2023 (the two rules).

    >>> yes_no_probabilities(torch.tensor([[0.3, 0.1]]), torch.tensor([[0.1, 0.2]]), 50.0)
    (tensor([0.9999]), tensor([9.0490e-05]))
    """
    yes, no, visual = _cosines(yes, no, visual, rule)
    scale = as_number(scale, "scale", above=0)
    blocks = [_evidence(*block, scale, rule) for block in _blocks(yes, no, visual)]
    known, unknown = zip(*blocks, strict=True) if blocks else ((yes[:, 0],), (yes[:, 0],))
    return torch.cat(known), torch.cat(unknown)


def tune_scale(
    yes: Tensor,
    no: Tensor,
    is_known: Tensor,
    visual: Tensor | None = None,
    scales: Tensor | None = None,
    *,
    rule: Rule = "atd",
    tie_break: Literal["first", "center"] = "first",
) -> TunedScale:
    """The scale that best tells answered known items from answered unknown ones.

    Best by balanced accuracy, the mean of the shares of known and of unknown items that are told
    right, over `scales` [G], ascending (by default 0.1 to 100 in steps of 0.1). Ties go to the
    smallest, or with `tie_break="center"` to the middle of the longest run of best scales. `yes`,
    `no` and `visual` are as in `yes_no_probabilities`, `is_known` a bool [N]; both kinds must be
    there. Memory does not grow with G.

    Reference: CLIPNAL, eq. 8; the authors' code maximises the balanced accuracy, as here.
    """
    yes, no, visual = _cosines(yes, no, visual, rule)
    is_known = torch.as_tensor(is_known, device=yes.device)
    if is_known.dtype != torch.bool or is_known.shape != yes.shape[:1]:
        raise ArrayError(f"is_known must be bool [{len(yes)}], got {tuple(is_known.shape)}.")
    if not is_known.any() or is_known.all():
        raise ArgumentError("is_known must hold known and unknown items to tell apart.")
    grid = as_finite(DEFAULT_SCALES if scales is None else scales, "scales", ndim=1).double()
    if len(grid) == 0 or grid[0] <= 0 or (grid.diff() <= 0).any():
        raise ArrayError("scales must be positive and ascending.")
    right = torch.zeros(2, len(grid), dtype=torch.float64)
    for (a, b, v), told in zip(_blocks(yes, no, visual), is_known.split(_rows(yes)), strict=True):
        said = _decisions(a, b, v, grid, rule)  # [G, n]
        right += torch.stack([said[:, told].sum(1), (~said[:, ~told]).sum(1)]).cpu()
    accuracy = (right[0] / is_known.sum().cpu() + right[1] / (~is_known).sum().cpu()) / 2
    best = _best(accuracy, tie_break)
    return TunedScale(float(grid[best]), float(accuracy[best]))


def _evidence(
    yes: Tensor, no: Tensor, visual: Tensor | None, scale: float, rule: Rule
) -> tuple[Tensor, Tensor]:
    gap = scale * (yes - no)
    if rule == "ctw":
        winner = gap.gather(1, yes.argmax(dim=1, keepdim=True)).squeeze(1)
        return _logistic(winner), _logistic(-winner)
    p_yes = (scale * yes).softmax(dim=1)
    agreed = p_yes * _logistic(gap)
    unknown = (p_yes * _logistic(-gap)).sum(dim=1)  # 1 - agreed.sum(), without cancellation
    if visual is None:
        return agreed.amax(dim=1), unknown
    return (agreed * (scale * visual).softmax(dim=1)).amax(dim=1), unknown / yes.shape[1]


def _logistic(x: Tensor) -> Tensor:
    # torch.sigmoid rounds the ends of an array in another way: equal rows would differ.
    return 1 / (1 + (-x).exp())


def _decisions(yes: Tensor, no: Tensor, visual: Tensor | None, grid: Tensor, rule: Rule) -> Tensor:
    """Whether known > unknown, bool [G, n], for every scale of the grid.

    Both sides are multiplied by the denominators of the softmaxes, and exp(s x) is carried from
    one scale to the next by a product, with a true exponential every few scales.
    """
    said = torch.empty(len(grid), len(yes), dtype=torch.bool, device=yes.device)
    if rule == "ctw":
        winner = (yes - no).gather(1, yes.argmax(dim=1, keepdim=True)).squeeze(1)
        return said.copy_((winner > 0).expand_as(said))  # the sign does not depend on the scale
    exponents = [yes - yes.amax(dim=1, keepdim=True), no - yes]
    if visual is not None:
        exponents.append(visual - visual.amax(dim=1, keepdim=True))
    for row, powers in zip(said, _powers(exponents, grid), strict=True):
        agreed = powers[0] / (1 + powers[1])
        unknown = (agreed * powers[1]).sum(dim=1)
        if visual is None:
            torch.gt(agreed.amax(dim=1), unknown, out=row)
        else:
            known = agreed.mul_(powers[2]).amax(dim=1) * yes.shape[1]
            torch.gt(known, unknown * powers[2].sum(dim=1), out=row)
    return said


def _powers(exponents: list[Tensor], grid: Tensor) -> Iterator[list[Tensor]]:
    """exp(s x) of every tensor x, for each scale s of the grid, in place."""
    steps = grid.diff(prepend=grid[:1]).tolist()
    ratios, ratio_step = [], 0.0
    for g, (scale, step) in enumerate(zip(grid.tolist(), steps, strict=True)):
        if abs(step - ratio_step) > 1e-9 * step:
            ratios, ratio_step = [(step * x).exp() for x in exponents], step
        if g % ANCHOR == 0:
            powers = [(scale * x).clamp(max=80).exp() for x in exponents]
        else:
            powers = [p.mul_(ratio) for p, ratio in zip(powers, ratios, strict=True)]
        yield powers


def _best(accuracy: Tensor, tie_break: str) -> int:
    """The position of the maximum; ties go to the first, or to the middle of the longest run."""
    if tie_break == "first":
        return int(accuracy.argmax())
    if tie_break != "center":
        raise ArgumentError(f"tie_break must be 'first' or 'center', got {tie_break!r}.")
    best = (accuracy == accuracy.max()).int()
    edges = best.diff(prepend=best.new_zeros(1), append=best.new_zeros(1))
    starts, ends = (edges == 1).nonzero().flatten(), (edges == -1).nonzero().flatten()
    longest = int((ends - starts).argmax())
    return int(starts[longest] + ends[longest] - 1) // 2


def _cosines(
    yes: Tensor, no: Tensor, visual: Tensor | None, rule: str
) -> tuple[Tensor, Tensor, Tensor | None]:
    if rule not in ("atd", "ctw"):
        raise ArgumentError(f"rule must be 'atd' or 'ctw', got {rule!r}.")
    yes, no = as_finite(yes, "yes", ndim=2), as_finite(no, "no", ndim=2)
    visual = None if visual is None else as_finite(visual, "visual", ndim=2)
    for name, each in {"no": no, "visual": visual}.items():
        if each is not None and each.shape != yes.shape:
            raise ArrayError(f"{name} must be {tuple(yes.shape)} as yes, got {tuple(each.shape)}.")
    if yes.shape[1] == 0:
        raise ArrayError("yes must have a column for each class, got none.")
    return yes, no, visual


def _rows(yes: Tensor) -> int:
    return max(1, min(8192, BLOCK // yes.shape[1]))


def _blocks(
    yes: Tensor, no: Tensor, visual: Tensor | None
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    size = _rows(yes)
    for start in range(0, len(yes), size):
        rows = slice(start, start + size)
        yield yes[rows], no[rows], None if visual is None else visual[rows]
