"""Class prototypes, and the cosines of images to them (CLIPNAL's visual weights)."""

import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_tensor
from openal._threads import for_each, whole_parts
from openal.errors import ArrayError
from openal.functional._labels import as_labels
from openal.functional._rows import TINY, float_dtype, piece_size, row_sums, safe_squares, unit_rows

__all__ = ["class_prototypes", "prototype_cosines"]


PARTS = 4  # of the rows, whose sums threads make; as many for any number of threads
PIECE_ELEMENTS = 2**16  # 512 KiB of float64


@whole_parts()
def class_prototypes(embeddings: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """The average direction of each class: the mean of its rows, each first scaled to length one.

    The means are not scaled again, so their length tells how alike the rows of a class are. A row
    of zeros has no direction and counts as zeros; a class without rows is NaN.

    Args:
        embeddings: (N, D), of labeled items.
        labels: (N,), integers in 0..K-1.
        num_classes: K, at least 1.

    Returns:
        (K, D); float64 for float64 embeddings, else float32.

    Raises:
        ArrayError: embeddings that are not (N, D), or not finite; labels that are not one for each
            row, or outside 0..K-1; the message names the argument and the first bad row.
        ArgumentError: a `num_classes` that is no integer of at least 1.

    Reference: Snell, Swersky and Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS
    2017, eq. 1; Heo and Kang (CLIPNAL), arXiv 2408.04917, 2024, eq. 5, where their code scales the
    rows first.

    >>> embeddings = torch.tensor([[3.0, 0.0], [0.0, 2.0], [5.0, 0.0]])
    >>> class_prototypes(embeddings, torch.tensor([0, 0, 1]), num_classes=2)
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    embeddings = as_tensor(embeddings, "embeddings")
    if embeddings.ndim != 2 or not embeddings.is_floating_point():
        embeddings = as_finite(embeddings, "embeddings", ndim=2)
    num_classes = as_count(num_classes, "num_classes", minimum=1)
    members = as_labels(labels, "labels", embeddings, count=num_classes)
    sums = _sums_of_directions(embeddings, members, num_classes)
    if not sums.isfinite().all():  # a row that is not finite has no length
        as_finite(embeddings, "embeddings")
    means = sums / members.bincount(minlength=num_classes)[:, None]
    return means.to(float_dtype(embeddings))


def _sums_of_directions(rows: Tensor, members: Tensor, count: int) -> Tensor:
    """The sums of the unit rows of each class, float64 [K, D]."""
    # In float32 the last bits of partial sums are rounded off; with many classes they are large.
    several = rows.dtype != torch.float64 and len(rows) >= 4 * PARTS * count
    size = -(-len(rows) // PARTS) if several else max(1, len(rows))
    parts = list(zip(rows.split(size), members.split(size), strict=True))
    sums = members.new_zeros(len(parts), count, rows.shape[1], dtype=torch.float64)
    for_each(zip(sums, *zip(*parts, strict=True), strict=True), _add_directions)
    return sums.sum(dim=0)


def _add_directions(part: tuple[Tensor, Tensor, Tensor]) -> None:
    """Adds unit rows to the sums of their classes, in the order of the rows."""
    sums, rows, members = part
    size = max(1, PIECE_ELEMENTS // max(1, rows.shape[1]))
    buffer = sums.new_empty(2, min(size, len(rows)), rows.shape[1])
    for piece, where in zip(rows.split(size), members.split(size), strict=True):
        wide, squares = buffer[:, : len(piece)]
        wide.copy_(safe_squares(piece))
        lengths = row_sums(torch.square(wide, out=squares)).sqrt_()
        sums.index_add_(0, where, wide.div_(lengths.clamp_min_(TINY)[:, None]))


def prototype_cosines(embeddings: Tensor, prototypes: Tensor) -> Tensor:
    """The mean cosine of each embedding with the labeled images of each class (CLIPNAL).

    A class without images, a row of NaN, gets the largest of the others: neutral evidence, neither
    favored nor starved.

    Args:
        embeddings: (N, D).
        prototypes: (K, D), those of `class_prototypes`.

    Returns:
        (N, K) in [-1, 1]; float64 for float64 embeddings, else float32.

    Raises:
        ArrayError: embeddings and prototypes that are not (N, D) and (K, D), or not finite but for
            rows that are all NaN; prototypes without any class; the message names the argument and
            the first bad row.

    Reference: Heo and Kang, "Avoid Wasted Annotation Costs in Open-set Active Learning with
    Pre-trained Vision-Language Model" (CLIPNAL), arXiv 2408.04917, 2024, eqs. 5-6.

    >>> prototype_cosines(torch.eye(2), torch.tensor([[0.6, 0.0], [float("nan")] * 2]))
    tensor([[0.6000, 0.6000],
            [0.0000, 0.0000]])
    """
    z = as_finite(embeddings, "embeddings", ndim=2)
    prototypes = as_tensor(prototypes, "prototypes").to(z.device)
    if prototypes.ndim != 2 or prototypes.shape[1] != z.shape[1]:
        shapes = f"got {tuple(z.shape)} and {tuple(prototypes.shape)}"
        raise ArrayError(f"embeddings and prototypes must be (N, D) and (K, D), {shapes}.")
    absent = prototypes.isnan().all(dim=1)
    if absent.all():
        raise ArrayError("prototypes must hold at least one class with images.")
    prototypes = as_finite(prototypes.masked_fill(absent[:, None], 0), "prototypes")
    cosines = _cosines(unit_rows(z), prototypes.double(), z.dtype)
    return torch.where(absent, cosines[:, ~absent].amax(dim=1, keepdim=True), cosines)


def _cosines(units: Tensor, prototypes: Tensor, dtype: torch.dtype) -> Tensor:
    """The products [N, K] of float64 rows; in float64 the same however the rows are cut in blocks.

    The last bits of a matrix product are not, which single precision nearly always rounds off.
    """
    if dtype != torch.float64:
        return (units @ prototypes.T).to(dtype)
    pieces = units.split(piece_size(units))
    return torch.cat(
        [torch.stack([row_sums(rows * mean) for mean in prototypes], dim=1) for rows in pieces]
    )
