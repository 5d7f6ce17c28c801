"""Answers spread over a graph of near neighbors: a purity tried in `benchmarks.variants`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from torch import Tensor

from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Diffusion"]

NEIGHBORS, WIDTH, STEPS, KEPT, PRIOR_WEIGHT = 10, 0.1, 20, 0.9, 1e-4


@dataclass(frozen=True)
class Diffusion(Part):
    """The share of known among the answers that reach an item over a graph (Zhou et al., 2004).

    Compares all pairs to find neighbors, so its time is quadratic in the pool.
    """

    role: ClassVar[Role] = "purity"

    embeddings: str = signal("embeddings")

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float32; one half for all before both kinds are answered."""
        if len(view.known) == 0 or len(view.invalid) == 0:
            return view.unordered(0.5)
        parts = (view.pool, view.known, view.invalid)
        rows = torch.cat([part[self.embeddings].float() for part in parts])
        n, m = len(view.pool), len(view.known)
        seeds = np.zeros((len(rows), 2))
        seeds[n : n + m, 1] = seeds[n + m :, 0] = 1
        reached, graph = seeds, _graph(rows - rows.mean(dim=0))
        for _ in range(STEPS):
            reached = KEPT * (graph @ reached) + (1 - KEPT) * seeds
        prior = (m + 1) / (len(rows) - n + 2)
        share = (PRIOR_WEIGHT * prior + reached[:, 1]) / (PRIOR_WEIGHT + reached.sum(axis=1))
        return torch.from_numpy(share[:n]).float()


def _graph(rows: Tensor) -> csr_matrix:
    """Weights between near neighbors, symmetric, divided by the roots of their sums."""
    units = torch.nn.functional.normalize(rows)
    found = [(block @ units.T).topk(NEIGHBORS + 1, dim=1) for block in units.split(1024)]
    ends = torch.cat([each.indices for each in found]).numpy()
    weights = np.exp((torch.cat([each.values for each in found]).numpy() - 1) / WIDTH)
    weights[ends == np.arange(len(ends))[:, None]] = 0
    starts = np.arange(len(ends)).repeat(NEIGHBORS + 1)
    graph = csr_matrix((weights.ravel(), (starts, ends.ravel())), (len(ends), len(ends)))
    graph = graph.maximum(graph.T)
    root = diags(np.maximum(graph.sum(axis=1).A1, 1e-12) ** -0.5)
    return (root @ graph @ root).tocsr()
