"""CLIPNAL's evidence for known and unknown from yes and no texts (eqs. 2-7, CLIPN's two rules)."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from openal._checks import as_finite, as_number
from openal._threads import for_each, whole_parts
from openal.errors import ArgumentError, ArrayError
from openal.functional._rows import runs

__all__ = ["Rule", "as_cosines", "in_blocks", "yes_no_probabilities"]

Rule = Literal["atd", "ctw"]
BLOCK_ELEMENTS = 2**16  # elements of a row block: in the cache


@whole_parts()
def yes_no_probabilities(
    yes: Tensor, no: Tensor, scale: float, visual: Tensor | None = None, *, rule: Rule = "atd"
) -> tuple[Tensor, Tensor]:
    """Evidence for a known class and for none, from cosines with yes and no texts (CLIPNAL).

    p_yes = softmax_j(scale * yes), q = sigmoid(scale * (yes - no)), r = p_yes * q. "atd" (agreeing
    to differ): known = max_j r_j, unknown = sum_j p_yes_j (1 - q_j). With `visual`, r_j is weighted
    by softmax_j(scale * visual) and unknown is divided by K. "ctw" (competing to win): known = q of
    the class with the largest yes, unknown = 1 - q; `visual` is not used.

    An item counts as known where known > unknown.

    Args:
        yes: (N, K), cosines of images with the "yes" text of each class.
        no: (N, K), cosines with the "no" text of each class.
        scale: what multiplies the cosines, above 0: one over a temperature.
        visual: (N, K), cosines with the classes' labeled images (`prototype_cosines`); or None.
        rule: "atd", CLIPNAL's, or "ctw".

    Returns:
        `(known, unknown)`, each (N,) in [0, 1]; float64 where any of the cosines is, else float32.

    Raises:
        ArrayError: cosines that are not all (N, K) with K > 0, or not finite; the message names the
            argument and the first bad row.
        ArgumentError: a `scale` that is not above 0, or another `rule`.

    Reference: Heo and Kang, "Avoid Wasted Annotation Costs in Open-set Active Learning with
    Pre-trained Vision-Language Model" (CLIPNAL, later VLPure-AL), arXiv 2408.04917, 2024, eqs. 2-7;
    Wang, Li, Yao and Li, "CLIPN for Zero-Shot OOD Detection: Teaching CLIP to Say No", ICCV 2023
    (the two rules).

    >>> yes_no_probabilities(torch.tensor([[0.3, 0.1]]), torch.tensor([[0.1, 0.2]]), 50.0)
    (tensor([0.9999]), tensor([9.0490e-05]))
    """
    yes, no, visual = as_cosines(yes, no, visual, rule)
    scale = as_number(scale, "scale", above=0)
    size = max(1, min(8192, BLOCK_ELEMENTS // yes.shape[1]))
    dtype = torch.promote_types(yes.dtype, no.dtype)
    if visual is not None and rule == "atd":
        dtype = torch.promote_types(dtype, visual.dtype)
    known, unknown = (torch.empty_like(yes[:, 0], dtype=dtype) for _ in range(2))

    def write(rows: slice) -> None:
        weights = None if visual is None else visual[rows]
        known[rows], unknown[rows] = _evidence(yes[rows], no[rows], weights, scale, rule)

    for_each(runs(len(yes), size), write)
    return known, unknown


def _evidence(
    yes: Tensor, no: Tensor, visual: Tensor | None, scale: float, rule: Rule
) -> tuple[Tensor, Tensor]:
    gap = (yes - no).mul_(scale)
    if rule == "ctw":
        winner = gap.gather(1, yes.argmax(dim=1, keepdim=True)).squeeze(1)
        return _logistic(winner), _logistic(-winner)
    p_yes = (scale * yes).softmax(dim=1)
    agreed = _logistic(gap).mul_(p_yes)
    unknown = (p_yes * _logistic(gap.neg_())).sum(dim=1)  # 1 - agreed.sum() would cancel
    if visual is None:
        return agreed.amax(dim=1), unknown
    return (agreed * (scale * visual).softmax(dim=1)).amax(dim=1), unknown / yes.shape[1]


def _logistic(x: Tensor) -> Tensor:
    # torch.sigmoid rounds the ends of an array in another way: equal rows would differ.
    return x.neg().exp_().add_(1).reciprocal_()


def as_cosines(
    yes: Tensor, no: Tensor, visual: Tensor | None, rule: str
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The cosines, each finite [N, K] in single precision or double, and a rule that there is."""
    if rule not in ("atd", "ctw"):
        raise ArgumentError(f"rule must be 'atd' or 'ctw', got {rule!r}.")
    yes, no = as_finite(yes, "yes", ndim=2), as_finite(no, "no", ndim=2)
    visual = None if visual is None else as_finite(visual, "visual", ndim=2)
    for name, other in {"no": no, "visual": visual}.items():
        if other is not None and other.shape != yes.shape:
            raise ArrayError(f"{name} must be {tuple(yes.shape)} as yes, got {tuple(other.shape)}.")
    if yes.shape[1] == 0:
        raise ArrayError("yes must have a column for each class, got none.")
    return yes, no, visual


def in_blocks(
    yes: Tensor, no: Tensor, visual: Tensor | None, size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The same rows of each, `size` at a time."""
    for start in range(0, len(yes), size):
        rows = slice(start, start + size)
        yield yes[rows], no[rows], None if visual is None else visual[rows]
