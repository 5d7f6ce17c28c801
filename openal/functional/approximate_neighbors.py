"""Near neighbors among very many references: an index of Faiss proposes, float64 decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt
from typing import Any, final

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._optional import optional
from openal._threads import for_each, whole_parts
from openal.functional._cosines import Neighbors, best_pairs, cosines_of, normalized_rows
from openal.functional._references import References, check_shapes
from openal.functional._rows import finite_blocks

__all__ = ["IndexedReferences", "approximate_knn"]

SPARE = 6  # proposed beyond k, of which float64 leaves k
QUERIES = 1024  # at a time
SEED = 0  # of Faiss's k-means: the same references have the same cells


@whole_parts()
def approximate_knn(queries: Tensor, references: Tensor, k: int, *, probes: int = 16) -> Neighbors:
    """References near each query: of those in the `probes` nearest cells, the k nearest.

    Cosines and their order are exact, as of `knn`, but a neighbor may be missing whose cell is not
    looked into, or that float32 cannot tell from more than six others. There are about 4 sqrt(M)
    cells. It pays from some 50 000 references on. The same arguments give the same result.

    Needs Faiss (`pip install openal[faiss]`), on a CPU. Memory: two copies of the references.

    Args:
        queries: (N, D).
        references: (M, D), on the device of the queries.
        k: how many neighbors, 1..M.
        probes: how many cells are looked into, at least 1; 16 by default.

    Returns:
        `Neighbors`: `similarity` (N, k), float64, best first, and `indices` (N, k), int64, into the
        references.

    Raises:
        ArrayError: queries and references that are not (N, D) and (M, D) with M, D > 0 on one
            device, or not finite; the message names the argument and the first bad row.
        ArgumentError: a `k` or `probes` that is no integer of at least 1, or a `k` above M.
        MissingPackageError: Faiss is not installed.

    Reference: Douze et al., "The Faiss library", arXiv 2401.08281, 2024: an inverted file with flat
    storage.
    """
    return IndexedReferences.of(references, k, probes).nearest(as_tensor(queries, "queries"))


@final
@dataclass(frozen=True, eq=False)
class IndexedReferences:
    """M references in an index: what `References` is to `knn`, it is to `approximate_knn`."""

    exact: References
    index: Any  # of Faiss; it pickles

    @classmethod
    def of(cls, references: Tensor, k: int, probes: int) -> "IndexedReferences":
        """Ready for at most k neighbors of any queries."""
        probes, exact = as_count(probes, "probes", minimum=1), References.of(references, k)
        faiss, units = optional("faiss", "k-NN by Faiss"), exact.known.units.float().cpu().numpy()
        cells = min(4 * isqrt(len(units)), len(units))
        index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(units.shape[1]), units.shape[1], cells, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.seed, index.cp.min_points_per_centroid = SEED, 1
        with _one_thread(faiss):
            index.train(units)
            index.add(units)
        index.nprobe = min(probes, cells)
        return cls(exact, index)

    def nearest(self, queries: Tensor, floor: Tensor | None = None) -> Neighbors:
        """What `approximate_knn` says of queries (N, D); `floor` is that of `References`."""
        check_shapes(queries, self.exact.known.rows)
        shape = len(queries), self.exact.k
        similarity = torch.empty(shape, dtype=torch.float64, device=queries.device)
        neighbors = Neighbors(similarity, torch.empty_like(similarity, dtype=torch.int64))

        def search(part: tuple[slice, Tensor]) -> None:
            rows, block = part
            neighbors.similarity[rows], neighbors.indices[rows] = self._best(block)

        for_each(finite_blocks(queries, "queries", ndim=2, size=QUERIES), search)
        return neighbors

    def _best(self, block: Tensor) -> Neighbors:
        """The best of what the index proposes; of all where it proposes fewer than k."""
        queries = normalized_rows(block, torch.float32)
        with _one_thread(optional("faiss", "k-NN by Faiss")):
            proposed = self.index.search(queries.units.cpu().numpy(), self.exact.k + SPARE)[1]
        columns = torch.from_numpy(proposed).sort(dim=1).values.to(block.device)
        rows, places = (columns >= 0).nonzero().unbind(dim=1)
        columns = columns[rows, places]
        cosines = cosines_of(queries, self.exact.known, rows, columns)
        best = best_pairs(rows, columns, cosines, len(block), self.exact.k)
        lacking = best.similarity.isinf().any(dim=1) | (queries.lengths == 0)
        indices = self.exact.places[best.indices]
        if lacking.any():
            best.similarity[lacking], indices[lacking] = self.exact.nearest(block[lacking])
        return Neighbors(best.similarity, indices)


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:
    """Keeps the threads of Faiss from fighting torch's: it has a pool of its own."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
