"""How much does an image look like the labeled images of each class?"""

import torch
from torch import Tensor

from openal.checks import as_finite, as_tensor
from openal.errors import ArrayError
from openal.functional.rows import piece_size, row_sums, unit_rows

__all__ = ["prototype_cosines"]


def prototype_cosines(embeddings: Tensor, prototypes: Tensor) -> Tensor:
    """The mean cosine [N, K] of each embedding [N, D] with the labeled images of each class.

    `prototypes` [K, D] are those of `class_prototypes`. A class without images, a row of NaN, gets
    the largest of the others: neutral evidence, neither favored nor starved.

    Reference: CLIPNAL, arXiv 2408.04917, eqs. 5-6.

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
        [torch.stack([row_sums(rows * each) for each in prototypes], dim=1) for rows in pieces]
    )
