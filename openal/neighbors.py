"""The answered neighbours of every candidate, searched once per query."""

from functools import partial

import torch
from torch import Tensor

from openal.functional import knn
from openal.labeled import UNKNOWN
from openal.view import View

__all__ = ["answered_neighbors"]


def answered_neighbors(view: View, k: int, embeddings: str) -> tuple[Tensor, Tensor]:
    """Labels and cosines of the k nearest answered items of each candidate, nearest first.

    Labels are int64 [n, k] (a class or UNKNOWN), cosines float32 [n, k]. With fewer than k
    answers k is what there is, down to 0.
    """
    k = min(k, len(view.known) + len(view.invalid))
    if k == 0:
        return torch.empty(len(view.pool), 0, dtype=torch.int64), torch.empty(len(view.pool), 0)
    found = view.once(("neighbors", k, embeddings), partial(_search, k=k, embeddings=embeddings))
    return found[..., 0].long(), found[..., 1]


def _search(view: View, k: int, embeddings: str) -> Tensor:
    references = torch.cat([view.known[embeddings], view.invalid[embeddings]])
    unknown = torch.full((len(view.invalid),), UNKNOWN)
    labels = torch.cat([view.labels, unknown]).to(references.device)
    return view.map(partial(_nearest, references=references, labels=labels, k=k), embeddings)


def _nearest(block: Tensor, references: Tensor, labels: Tensor, k: int) -> Tensor:
    similarity, index = knn(block, references, k)
    return torch.stack([labels[index].to(similarity.dtype), similarity], dim=-1)
