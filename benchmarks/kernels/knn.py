"""Exact cosine neighbors of a pool among labeled items."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import Vectors, clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import knn


def make(n: int, m: int, k: int = 10, vectors: Vectors = clip_like) -> Arrays:
    rows = vectors(n + m)
    return {"queries": rows[m:], "references": rows[:m], "k": k}


def ours(queries: Tensor, references: Tensor, k: int) -> np.ndarray:
    return knn(queries, references, k).indices.numpy()


def torch_blocks(queries: Tensor, references: Tensor, k: int) -> np.ndarray:
    blocks = queries.split(1024)
    return torch.cat([(some @ references.T).topk(k).indices for some in blocks]).numpy()


def sklearn_brute(queries: Tensor, references: Tensor, k: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    fitted = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(references.numpy())
    return fitted.kneighbors(queries.numpy(), return_distance=False)


def faiss_flat(queries: Tensor, references: Tensor, k: int) -> np.ndarray:
    import faiss

    index = faiss.IndexFlatIP(references.shape[1])
    index.add(references.numpy())
    return index.search(queries.numpy(), k)[1]


def agree(
    mine: np.ndarray, theirs: np.ndarray, queries: Tensor, references: Tensor, k: int
) -> Agreement:
    some = queries[:2000].double()
    both = (references[torch.from_numpy(each[:2000])].double() for each in (mine, theirs))
    cosines = [torch.einsum("nd,nkd->nk", some, found) for found in both]
    apart = float((cosines[0] - cosines[1]).abs().max())
    return Agreement(
        apart < 1e-6, f"{(mine == theirs).mean():.2%} of neighbors, cosines to {apart:.0e}"
    )


def work(n: int, m: int) -> Work:
    return Work(flops=2 * 512 * n * m, bytes=4 * 512 * (n + m))


ROWS = [
    Row(
        "knn",
        make,
        ours,
        {
            "torch.mm + topk, blocks": Peer(torch_blocks),
            "faiss IndexFlatIP": Peer(faiss_flat, needs="faiss-cpu"),
            "scikit-learn NearestNeighbors": Peer(sklearn_brute),
        },
        agree,
        work,
        toy={"n": 600, "m": 100},
        quick={"n": 10_000, "m": 2_000},
        full={"n": 50_000, "m": 5_000},
        real={"n": 10_000, "m": 2_000},
    )
]
