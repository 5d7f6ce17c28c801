"""CLIPNAL's scale that tells answered known from unknown items best (eq. 8), on a fine grid."""

from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn.functional import softplus

from openal._checks import as_finite, as_tensor
from openal._threads import one_thread
from openal.errors import ArgumentError, ArrayError
from openal.functional.yes_no import Rule, as_cosines, in_blocks

__all__ = ["DEFAULT_SCALES", "Objective", "TunedScale", "as_scales", "tune_scale"]

Objective = Literal["balanced", "accuracy"]

DEFAULT_SCALES = torch.arange(1, 1001, dtype=torch.float64) / 10
"""0.1, 0.2, ..., 100: the grid of CLIPNAL's authors' code; a scale is one over a temperature."""

BLOCK_ELEMENTS = 2**18  # elements that are looked at together
ROUNDING = 1e-12  # of a margin, which is a logarithm in double precision


class TunedScale(NamedTuple):
    """The best scale of a grid and the balanced accuracy at it.

    Attributes:
        scale: what multiplies the cosines.
        balanced_accuracy: in [0, 1], on the answered items.
    """

    scale: float
    balanced_accuracy: float


@one_thread()  # a block is too small to share
def tune_scale(
    yes: Tensor,
    no: Tensor,
    is_known: Tensor,
    visual: Tensor | None = None,
    scales: Tensor | None = None,
    *,
    rule: Rule = "atd",
    tie_break: Literal["first", "center"] = "first",
    objective: Objective = "balanced",
) -> TunedScale:
    """The scale that best tells answered known items from answered unknown ones (CLIPNAL).

    Best by balanced accuracy, the mean of the shares of known and of unknown items that are told
    right. Computed in double precision; memory does not grow with N or G. What is compared are
    whole numbers: equal accuracies are equal.

    Args:
        yes: (N, K), cosines with the "yes" text of each class, as in `yes_no_probabilities`.
        no: (N, K), cosines with the "no" texts.
        is_known: (N,), bool; both kinds must be there.
        visual: (N, K), cosines with the classes' labeled images; or None.
        scales: (G,), ascending, above 0: what is tried; by default 0.1 to 100 in steps of 0.1, the
            authors' code.
        rule: as in `yes_no_probabilities`.
        tie_break: "first", the smallest of the best scales, as in the authors' code; "center", the
            middle of the longest run of them.
        objective: "balanced", the authors' code; "accuracy", the share of all items that is told
            right, the paper's eq. 8.

    Returns:
        `TunedScale`: `scale` and `balanced_accuracy`, floats.

    Raises:
        ArrayError: cosines that are not (N, K) with K > 0, or not finite; an is_known that is not
            bool (N,); scales that are not positive and ascending; the message names the argument
            and the first bad row.
        ArgumentError: an is_known of one kind only, or a `rule`, `tie_break` or `objective` that is
            not among those named.

    Reference: Heo and Kang, "Avoid Wasted Annotation Costs in Open-set Active Learning with
    Pre-trained Vision-Language Model" (CLIPNAL), arXiv 2408.04917, 2024, eq. 8; the authors' code
    maximizes the balanced accuracy, as here.
    """
    yes, no, visual = as_cosines(yes, no, visual, rule)
    is_known = as_tensor(is_known, "is_known").to(yes.device)
    if is_known.dtype != torch.bool or is_known.shape != yes.shape[:1]:
        raise ArrayError(f"is_known must be bool [{len(yes)}], got {tuple(is_known.shape)}.")
    if not is_known.any() or is_known.all():
        raise ArgumentError("is_known must hold known and unknown items to tell apart.")
    grid = (DEFAULT_SCALES if scales is None else as_scales(scales)).to(yes.device)
    said = torch.zeros(2, len(grid), dtype=torch.int64, device=yes.device)  # unknown, known items
    size = max(1, BLOCK_ELEMENTS // yes.shape[1])
    kinds = is_known.long().split(size)
    for (y, n, v), kind in zip(in_blocks(yes, no, visual, size), kinds, strict=True):
        weights = None if v is None else v.double()
        said += _counts(_Evidence(y.double(), n.double(), weights, rule), kind, grid)
    unknown, known = is_known.long().bincount(minlength=2).tolist()
    right = (said[1].cpu(), unknown - said[0].cpu())
    # Times 2 * known * unknown, in whole numbers: as floats, equal fractions may differ.
    balanced = right[0] * unknown + right[1] * known
    best = _best(_maximized(objective, balanced, right[0] + right[1]), tie_break)
    return TunedScale(float(grid[best]), int(balanced[best]) / (2 * known * unknown))


def as_scales(scales: Any) -> Tensor:
    """The scales in double precision, checked.

    Args:
        scales: (G,), above 0 and ascending, at least one.

    Returns:
        (G,), float64.

    Raises:
        ArrayError: scales that are not above 0 and ascend, or none.

    Reference: ours.
    """
    grid = as_finite(scales, "scales", ndim=1).double()
    if len(grid) == 0 or grid[0] <= 0 or (grid.diff() <= 0).any():
        raise ArrayError("scales must be positive and ascending.")
    return grid


def _maximized(objective: Objective, balanced: Tensor, right: Tensor) -> Tensor:
    """What is maximized at each scale, in whole numbers."""
    if objective not in get_args(Objective):
        raise ArgumentError(f"objective must be 'balanced' or 'accuracy', got {objective!r}.")
    return balanced if objective == "balanced" else right


@dataclass(eq=False)
class _Evidence:
    """The cosines of some items, and log known - log unknown as a function of the scale."""

    yes: Tensor
    no: Tensor
    visual: Tensor | None
    rule: Rule

    def margin(self, rows: Tensor, scale: Tensor) -> Tensor:
        """The margin at one scale for each row, and the class whose evidence wins: [2, m]."""
        s, yes, no = scale[:, None], self.yes[rows], self.no[rows]
        if self.rule == "ctw":
            gap = (yes - no).gather(1, yes.argmax(dim=1, keepdim=True)).squeeze(1)
            return torch.stack([scale * gap, torch.zeros_like(scale)])
        log_q = -softplus(s * (no - yes), threshold=40.0)  # exact beyond in double precision
        known, unknown = s * yes + log_q, s * no + log_q  # log (1 - q) = log q - s (yes - no)
        weight = torch.zeros_like(scale)
        if self.visual is not None:
            log_weight = s * self.visual[rows]
            known += log_weight
            weight = log_weight.logsumexp(dim=1) - log(yes.shape[1])
        best, winner = known.max(dim=1)
        return torch.stack([best - weight - unknown.logsumexp(dim=1), winner.to(best)])

    @cached_property
    def chord_error(self) -> Tensor:
        """How much the margin may stray from a chord: b and k [2, n].

        Over a chord of width h, at t of its way, it strays by at most t (1 - t) (b h^2 + k h), and
        k counts only where the winner is not the same at both ends. For log known is the maximum
        of functions that are concave, with second derivatives of at least -gap^2 / 4 and first
        ones that differ by at most k; the second derivatives of the two logsumexp are at most a
        quarter of the squared range of what they weigh: `visual`, and a value between `yes` and
        `no`, whose own curvature is again at least -gap^2 / 4.
        """
        gap = (self.yes - self.no).abs().amax(dim=1)
        low, high = torch.minimum(self.yes, self.no), torch.maximum(self.yes, self.no)
        weight = torch.zeros_like(self.yes) if self.visual is None else self.visual
        squares = 3 * gap**2 + (high.amax(dim=1) - low.amin(dim=1)) ** 2 + _range(weight) ** 2
        return torch.stack([squares / 8, _range(self.yes + weight) + 1.5 * gap])


def _range(x: Tensor) -> Tensor:
    return x.amax(dim=1) - x.amin(dim=1)


def _counts(evidence: _Evidence, kind: Tensor, grid: Tensor) -> Tensor:
    """How many items of each kind, 0 and 1, have known > unknown at each scale: [2, G], int64.

    A stretch of the grid is settled by a look at its two ends if the margin cannot change its sign
    between them; the others are halved.
    """
    changes = torch.zeros(2 * len(grid), dtype=torch.int64, device=grid.device)
    row = torch.arange(len(kind), device=grid.device)
    first, last = torch.zeros_like(row), torch.full_like(row, len(grid) - 1)
    ends = torch.stack([evidence.margin(row, grid[at]) for at in (first, last)])
    changes += _number(kind * len(grid) + last, ends[1, 0] > 0, changes)
    pending = [(row, first, last, ends)]
    while pending:
        row, first, last, ends = pending.pop()
        width = grid[last] - grid[first]
        settled = (last - first <= 1) | _keeps_its_sign(ends, width, evidence.chord_error[:, row])
        start, known = kind[row] * len(grid), settled & (ends[0, 0] > 0)
        changes += _number(start + first, known, changes) - _number(start + last, known, changes)
        row, first, last, ends = (x[..., ~settled] for x in (row, first, last, ends))
        middle = (first + last) // 2
        between = evidence.margin(row, grid[middle])
        halves = (
            torch.cat([row, row]),
            torch.cat([first, middle]),
            torch.cat([middle, last]),
            torch.cat([torch.stack([ends[0], between]), torch.stack([between, ends[1]])], dim=2),
        )
        if len(row):
            pending += zip(*(x.split(len(kind), dim=-1) for x in halves), strict=True)
    return changes.view(2, -1).cumsum(dim=1)


def _number(at: Tensor, counted: Tensor, like: Tensor) -> Tensor:
    """How often each position is among those that are counted."""
    return torch.bincount(at[counted], minlength=len(like))


def _keeps_its_sign(ends: Tensor, width: Tensor, chord_error: Tensor) -> Tensor:
    """Whether a margin with these ends [2, 2, m] has one sign all the way between them.

    Its size is at least (1 - t) u + t v - t (1 - t) c for some c and the sizes u and v at the
    ends, and that is positive for all t where (sqrt u + sqrt v)^2 > c.
    """
    (before, winner), (after, other) = ends
    stray: Tensor = chord_error[0] * width**2 + chord_error[1] * width * (winner != other)
    size = (before.abs().sqrt() + after.abs().sqrt()) ** 2
    keeps: Tensor = ((before > 0) == (after > 0)) & (size > stray + ROUNDING)
    return keeps


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
