"""The answered neighbors of every candidate; from round to round only new answers are searched."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from openal.functional._references import References
from openal.functional.approximate_neighbors import IndexedReferences
from openal.labeled import UNKNOWN
from openal.view import Engine, Rows, View

__all__ = ["answered_neighbors", "known_neighbors"]

MANY = 50_000
"""References among which an index finds neighbors sooner than a search of all does."""


def answered_neighbors(
    view: View, k: int, embeddings: str, probes: int | None = None
) -> tuple[Tensor, Tensor]:
    """Labels and cosines of the k nearest answered items of each candidate, nearest first.

    Labels are int64 [n, k] (a class or UNKNOWN), cosines float64 [n, k]. With fewer than k
    answers k is what there is, down to 0. Equally near items come in the order of their indices,
    whenever they were answered.

    The pool remembers what was found, 16 n k bytes, as long as its embeddings stay the same: the
    next query searches only the answers that came since, and the result is that of a full search
    bit for bit. Labels are looked up anew. A candidate is searched again where a neighbor of it
    was retracted, and all are where the view maps with another engine. With `probes` a search among
    50 000 new answers or more is that of `approximate_knn`.
    """
    indices = np.concatenate([view.known.indices, view.invalid.indices])
    unknown = torch.full((len(view.invalid),), UNKNOWN, device="cpu")
    labels, search = torch.cat([view.labels, unknown]), _Search("answered", k, embeddings, probes)
    return _labeled(view, indices, labels, search)


def known_neighbors(view: View, k: int, embeddings: str) -> tuple[Tensor, Tensor]:
    """The same among the items of a known class only."""
    return _labeled(view, view.known.indices, view.labels, _Search("known", k, embeddings, None))


@dataclass(frozen=True)
class _Search:
    """Whose neighbors, how many, in which space, and how."""

    whose: str
    k: int
    embeddings: str
    probes: int | None

    def ready(self, references: Tensor) -> References | IndexedReferences:
        """The references, ready for a search of any queries."""
        if self.probes is None or len(references) < MANY:
            return References.of(references, min(self.k, len(references)))
        return IndexedReferences.of(references, self.k, self.probes)


@dataclass(frozen=True, eq=False)
class _Found:
    """The nearest references of some rows: all that a later query needs of an earlier one."""

    rows: np.ndarray  # int64 [n], global, in any order
    references: np.ndarray  # int64 [r], global, ascending
    nearest: Tensor  # float64 [n, min(k, r), 2]: the cosine, and the place in `references`
    engine: Engine  # another one may round otherwise

    def at(self, rows: np.ndarray) -> Tensor:
        """The nearest of some of the rows, copied."""
        order = np.argsort(self.rows)
        places = order[np.searchsorted(self.rows, rows, sorter=order)]
        return self.nearest[torch.from_numpy(places).to(self.nearest.device)]


def _labeled(
    view: View, indices: np.ndarray, labels: Tensor, search: _Search
) -> tuple[Tensor, Tensor]:
    n, order = len(view.pool), np.argsort(indices)
    if min(search.k, len(indices)) == 0:
        none = torch.empty(n, 0, dtype=torch.float64, device="cpu")
        return none.long(), none
    kept = view.pool.signals.kept(search.embeddings)
    found = kept[search] = _found(view, indices[order], search, kept.pop(search, None))
    nearest = found.nearest if view.pool.indices is found.rows else found.at(view.pool.indices)
    labels = labels[torch.from_numpy(order)].to(nearest.device)
    return labels[nearest[..., 1].long()], nearest[..., 0].clone()


def _found(view: View, references: np.ndarray, search: _Search, before: _Found | None) -> _Found:
    """What was found before, where that is still all; else with what is missing."""
    rows = view.pool.indices
    if before is None or before.engine != view.engine:
        nothing = np.empty(0, np.int64)
        nearest = torch.empty(0, 0, 2, dtype=torch.float64, device="cpu")
        before = _Found(nothing, nothing, nearest, view.engine)
    there = np.isin(rows, before.rows)
    if there.all() and np.array_equal(references, before.references):
        return before
    find = partial(_searched, references=references, search=search)
    old = _moved(before, rows[there], references)
    complete = (old[..., 1] >= 0).all(dim=1).cpu().numpy()
    there[there] = complete
    new = np.setdiff1d(references, before.references, assume_unique=True)
    del before  # the last that knows what was found: its memory is free for what comes
    parts = [
        find(view, ~there, new=references, old=old.new_empty(int((~there).sum()), 0, 2)),
        find(view, there, new=new, old=old if complete.all() else old[complete]),
    ]
    return _Found(rows, references, _joined(parts, there), view.engine)


def _moved(before: _Found, rows: np.ndarray, references: np.ndarray) -> Tensor:
    """The nearest of some rows, with places in other references; -1 for one that is gone."""
    nearest = before.at(rows)  # a copy
    gone = ~np.isin(before.references, references)
    moved = np.where(gone, -1, np.searchsorted(references, before.references))
    places = torch.from_numpy(moved).to(nearest.device)
    for block in nearest.split(2**16):
        block[..., 1] = places[block[..., 1].long()].double()
    return nearest


def _searched(
    view: View,
    mask: np.ndarray,
    *,
    new: np.ndarray,
    old: Tensor,
    references: np.ndarray,
    search: _Search,
) -> Tensor:
    """The nearest of some candidates: the old ones and those among new references."""
    if not mask.any() or len(new) == 0:
        return old
    values = Rows(new, view.pool.signals)[search.embeddings]
    places = torch.from_numpy(np.searchsorted(references, new)).to(values.device)
    k = min(search.k, len(references))
    update = partial(_updated, known=search.ready(values), places=places, k=k)
    part = view if mask.all() else view.at(torch.from_numpy(mask))
    return part.map(update, search.embeddings, old)


def _updated(
    block: Tensor, old: Tensor, known: References | IndexedReferences, places: Tensor, k: int
) -> Tensor:
    """The k nearest [n, k, 2] of a block: of the old ones and of the references `known`."""
    floor = old[:, -1, 0] if old.shape[1] == k else None
    cosines, found = known.nearest(block, floor)
    new = torch.stack([cosines, places[found].double()], dim=-1)
    if old.shape[1] == 0:
        return new
    both = torch.cat([old, new], dim=1)
    by_place = both[..., 1].argsort(dim=1, stable=True)
    cosines = both[..., 0].gather(1, by_place)
    best = cosines.sort(dim=1, descending=True, stable=True).indices[:, :k]
    rows = by_place.gather(1, best)
    return both.gather(1, rows[..., None].expand(-1, -1, 2))


def _joined(parts: list[Tensor], second: np.ndarray) -> Tensor:
    """The rows of two parts, as a mask says."""
    if second.all() or not second.any():
        return parts[int(second.any())]
    result = parts[0].new_empty(len(second), *parts[0].shape[1:])
    mask = torch.from_numpy(second).to(result.device)
    result[~mask], result[mask] = parts
    return result
