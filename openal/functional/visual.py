"""How much does an image look like the labeled images of each class?"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from openal.checks import as_finite
from openal.errors import ArrayError

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
    absent = prototypes.isnan().any(dim=1).to(z.device)
    if absent.all():
        raise ArrayError("prototypes must hold at least one class with images.")
    # In double precision, so that the result is the same however the rows are cut into blocks.
    cosines = (normalize(z.double(), dim=1) @ prototypes.nan_to_num().to(z.device).double().T).to(z)
    return torch.where(absent, cosines[:, ~absent].amax(dim=1, keepdim=True), cosines)
