"""Arrays for the benchmarks: drawn, in the likeness of CLIP's, or CLIP's own."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.real_pools import four_data_sets

__all__ = ["Vectors", "clip_embeddings", "clip_like", "logits_like"]

Vectors = Callable[[int], Tensor]  # so many rows of unit length


def clip_like(n: int, dims: int = 512, classes: int = 100) -> Tensor:
    """Unit vectors [n, dims] with a common mean, classes, and a spectrum that falls as 1 / j.

    Two of one class have a cosine of .78, others of .64, as with CLIP ViT-B/32.
    """
    generator = torch.Generator().manual_seed(0)
    spread = (1 / torch.arange(1, dims + 1)).sqrt_()
    spread /= spread.norm()
    means = torch.randn(classes, dims, generator=generator) * spread * 0.14**0.5
    means += normalize(torch.randn(dims, generator=generator), dim=0) * 0.64**0.5
    labels = torch.randint(classes, (n,), generator=generator)
    rows = torch.randn(n, dims, generator=generator).mul_(spread * 0.22**0.5)
    rows += means[labels]
    return normalize(rows, dim=1, out=rows)


def clip_embeddings(n: int) -> Tensor:
    """CLIP ViT-B/32 embeddings [n, 512] of four data sets, shuffled; fewer where n is more."""
    rows = torch.from_numpy(four_data_sets()[1])
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    return normalize(rows[order[:n]], dim=1)


def logits_like(n: int, classes: int, samples: int = 0) -> Tensor:
    """Logits [n, classes], or [n, samples, classes], of a model sure of half of them."""
    generator = torch.Generator().manual_seed(1)
    shape = (n, samples, classes) if samples else (n, classes)
    logits = torch.randn(shape, generator=generator)
    best = torch.randint(classes, (n,), generator=generator)
    sure = 8 * torch.rand(n, generator=generator)
    if samples:
        logits[torch.arange(n), :, best] += sure[:, None]
    else:
        logits[torch.arange(n), best] += sure
    return logits
