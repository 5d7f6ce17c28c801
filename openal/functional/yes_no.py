"""What two text encoders, one that says yes and one that says no, make of an image."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from openal.checks import as_finite, as_number
from openal.errors import ArgumentError, ArrayError
from openal.threads import one_thread

__all__ = ["DEFAULT_SCALES", "TunedScale", "tune_scale", "yes_no_probabilities"]

DEFAULT_SCALES = torch.arange(1, 1001, dtype=torch.float64) / 10
"""0.1, 0.2, ..., 100: the grid of CLIPNAL's authors' code; a scale is one over a temperature."""

Rule = Literal["atd", "ctw"]
BLOCK = 2**15 - 1  # elements of a row block: in the cache, and below the size that torch splits
TUNING = 4  # such blocks at a time while tuning, when most rows need one look
RUN = 16  # scales between two true exponentials
ROUNDING = 1e-3  # of a margin, in logarithms; far more than single precision leaves
SINGLE, DOUBLE = 40.0, 300.0  # whose exponentials, and products of two, a precision holds
CARRIED = 8.0  # the way in an exponent over which products may carry it


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

    Reference: Heo and Kang, CLIPNAL (later VLPure-AL), arXiv 2408.04917, eqs. 2-7; Wang et al.,
    CLIPN, ICCV 2023 (the two rules).

    >>> yes_no_probabilities(torch.tensor([[0.3, 0.1]]), torch.tensor([[0.1, 0.2]]), 50.0)
    (tensor([0.9999]), tensor([9.0490e-05]))
    """
    yes, no, visual = _cosines(yes, no, visual, rule)
    scale = as_number(scale, "scale", above=0)
    with one_thread():  # a block is too small to share
        blocks = [_evidence(*block, scale, rule) for block in _blocks(yes, no, visual, _rows(yes))]
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
    with one_thread():  # a block is too small to share
        size = TUNING * _rows(yes)  # of which a part is followed step by step
        for block, told in zip(_blocks(yes, no, visual, size), is_known.split(size), strict=True):
            said = _decisions(*block, grid, rule)  # [G, n]
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

    One evaluation decides for a run of scales where the margin is larger than it can change
    within the run; only the other rows are followed step by step.
    """
    said = torch.empty(len(grid), len(yes), dtype=torch.bool, device=yes.device)
    steepness = _steepness(yes, no, visual)
    for scales, rows in zip(grid.split(RUN), said.split(RUN), strict=True):
        middle = scales[len(scales) // 2]
        known, unknown = _evidence(yes, no, visual, float(middle), rule)
        margin = known.log() - unknown.log()  # NaN where both vanish: undecided
        rows[:] = margin > 0
        reach = float((scales - middle).abs().max()) * steepness + ROUNDING
        undecided = (~(margin.abs() > reach)).nonzero().flatten()
        if len(undecided) and rule == "atd":
            weights = None if visual is None else visual[undecided]
            rows[:, undecided] = _followed(yes[undecided], no[undecided], weights, scales)
    return said


def _steepness(yes: Tensor, no: Tensor, visual: Tensor | None) -> Tensor:
    """How fast [n] log known - log unknown can change with the scale.

    The denominator of p_yes is in both. What is left changes by the range of `yes`, by
    1.5 max |yes - no| in log q and log (1 - q), and by the range of `visual` in its weight; a
    maximum and a sum change no faster than their parts.
    """
    range_of_yes = yes.amax(dim=1) - yes.amin(dim=1)
    steepness = range_of_yes + 1.5 * (yes - no).abs().amax(dim=1)
    return steepness if visual is None else steepness + visual.amax(dim=1) - visual.amin(dim=1)


def _followed(yes: Tensor, no: Tensor, visual: Tensor | None, scales: Tensor) -> Tensor:
    """Whether known > unknown, bool [g, n], scale by scale.

    Both sides are multiplied by the denominators of the softmaxes, and exp(s x) is carried from
    one scale to the next by a product; over a long way each scale is evaluated on its own.
    """
    exponents = [yes - yes.amax(dim=1, keepdim=True), no - yes]
    if visual is not None:
        exponents.append(visual - visual.amax(dim=1, keepdim=True))
    largest = max(float(x.abs().amax()) for x in exponents)
    if largest * float(scales[-1] - scales[0]) > CARRIED or largest * float(scales[-1]) > DOUBLE:
        yes, no, visual = yes.double(), no.double(), None if visual is None else visual.double()
        pairs = (_evidence(yes, no, visual, scale, "atd") for scale in scales.tolist())
        return torch.stack([known > unknown for known, unknown in pairs])
    if largest * float(scales[-1]) > SINGLE:
        exponents = [x.double() for x in exponents]
    said = torch.empty(len(scales), len(yes), dtype=torch.bool, device=yes.device)
    for row, (likeness, doubt, *weight) in zip(said, _powers(exponents, scales), strict=True):
        agreed = likeness / (1 + doubt)
        unknown = (agreed * doubt).sum(dim=1)
        if not weight:
            torch.gt(agreed.amax(dim=1), unknown, out=row)
        else:
            known = agreed.mul_(weight[0]).amax(dim=1) * yes.shape[1]
            torch.gt(known, unknown * weight[0].sum(dim=1), out=row)
    return said


def _powers(exponents: list[Tensor], scales: Tensor) -> Iterator[list[Tensor]]:
    """exp(s x) of every tensor x for each scale s, in place."""
    powers = [(float(scales[0]) * x).exp() for x in exponents]
    ratios, ratio_step = [], 0.0
    yield powers
    for step in scales.diff().tolist():
        if abs(step - ratio_step) > 1e-9 * step:
            ratios, ratio_step = [(step * x).exp() for x in exponents], step
        for power, ratio in zip(powers, ratios, strict=True):
            power.mul_(ratio)
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
    yes: Tensor, no: Tensor, visual: Tensor | None, size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    for start in range(0, len(yes), size):
        rows = slice(start, start + size)
        yield yes[rows], no[rows], None if visual is None else visual[rows]
