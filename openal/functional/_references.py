"""References made ready once for the neighbors of many blocks of queries."""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._threads import for_each
from openal.errors import ArgumentError, ArrayError
from openal.functional._cosines import Neighbors, NormalizedRows, nearest, normalized_rows
from openal.functional._rows import finite_blocks, float_dtype, safe_squares

__all__ = ["References", "check_shapes"]

PRODUCT_BYTES = 2**24  # of one block of similarities
WIDE_ELEMENTS = 2**22  # so many numbers of references are held in float64, 32 MiB, and no more


@dataclass(frozen=True, eq=False)
class References:
    """M references, checked and measured once: `knn` of any queries without doing it again.

    Make one by `References.of(references, k)`; it pickles. Beside the references themselves it
    holds one copy of them, for matrix products, and another in float64 where they are few, in
    float32 where they are more and in half precision.
    """

    known: NormalizedRows
    places: Tensor  # int64 [m], of `known` in the references: surplus copies are left out
    k: int

    @classmethod
    def of(cls, references: Tensor, k: int, dtype: torch.dtype | None = None) -> "References":
        """Ready for at most k neighbors of queries that are computed in `dtype`, float32 or 64."""
        k, references = as_count(k, "k", minimum=1), as_tensor(references, "references")
        if references.ndim != 2:
            raise ArrayError(f"references must be (M, D), got {tuple(references.shape)}.")
        if len(references) == 0:
            raise ArrayError("references must have at least one row, got none.")
        if k > len(references):
            raise ArgumentError(f"k must be at most the {len(references)} references, got {k}.")
        known = _measured(references, dtype or float_dtype(references))
        places = _without_surplus_copies(known, k)
        known = known.at(places) if len(places) < len(references) else known
        return cls(known, places, k)

    def nearest(self, queries: Tensor, floor: Tensor | None = None) -> Neighbors:
        """What `knn` says of queries (N, D), with cosines in float64, not rounded any further.

        References whose cosine is below `floor` (N,) need not be found: where fewer than k reach
        it, the similarity of the others may be -inf and their index then means nothing.
        """
        queries = as_tensor(queries, "queries")
        shape = len(queries), self.k
        similarity = torch.empty(shape, dtype=torch.float64, device=queries.device)
        indices = torch.empty_like(similarity, dtype=torch.int64)
        self.write(Neighbors(similarity, indices), queries, floor=floor)
        return Neighbors(similarity, indices)

    def write(
        self,
        neighbors: Neighbors,
        queries: Tensor,
        *,
        floor: Tensor | None = None,
        size: int | None = None,
    ) -> None:
        """Writes the neighbors into `neighbors`, those of `size` queries at a time."""
        check_shapes(queries, self.known.rows)
        size = self._block_size() if size is None else as_count(size, "block_size", minimum=1)

        def search(part: tuple[slice, Tensor]) -> None:
            rows, block = part
            at = None if floor is None else floor[rows].double()
            best = nearest(normalized_rows(block, self.known.units.dtype), self.known, self.k, at)
            neighbors.similarity[rows] = best.similarity
            neighbors.indices[rows] = self.places[best.indices]

        for_each(finite_blocks(queries, "queries", ndim=2, size=size), search)

    def _block_size(self) -> int:
        row_bytes = len(self.places) * self.known.units.dtype.itemsize
        return min(4096, max(64, PRODUCT_BYTES // row_bytes))


def check_shapes(queries: Tensor, references: Tensor) -> None:
    """Refuses queries and references that do not lie in one space."""
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        shapes = f"got {tuple(queries.shape)} and {tuple(references.shape)}"
        raise ArrayError(f"queries and references must be (N, D) and (M, D), {shapes}.")
    if queries.device != references.device:
        devices = f"{queries.device} and {references.device}"
        raise ArrayError(f"queries and references must be on one device, got {devices}.")


def _measured(references: Tensor, dtype: torch.dtype) -> NormalizedRows:
    lengths = references.new_empty(len(references), dtype=torch.float64)
    units = references.new_empty(references.shape, dtype=dtype)
    for rows, block in finite_blocks(references, "references", ndim=2):
        _, lengths[rows], units[rows] = normalized_rows(block, dtype)
    wide = safe_squares(references.to(float_dtype(references)))
    few = wide.numel() <= WIDE_ELEMENTS and wide.device.type == "cpu"  # slow to widen pair by pair
    return NormalizedRows(wide.double() if few else wide, lengths, units)


def _without_surplus_copies(known: NormalizedRows, k: int) -> Tensor:
    """The places of references that fewer than k equal ones precede: no other is among the k best.

    Equal rows have equal lengths, so only lengths that occur more than k times are looked into.
    """
    places = torch.arange(len(known.lengths), device=known.lengths.device)
    _, group, size = known.lengths.unique(return_inverse=True, return_counts=True)
    suspects = places[size[group] > k]
    if len(suspects) == 0:
        return places
    _, copy = known.rows[suspects].double().unique(dim=0, return_inverse=True)
    copy, order = copy.sort(stable=True)
    surplus = suspects[order[k:][copy[k:] == copy[:-k]]]
    keep = torch.ones_like(places, dtype=torch.bool)
    keep[surplus] = False
    return places[keep]
