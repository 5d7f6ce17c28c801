"""The answered neighbors of every candidate; from round to round only new answers are searched."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from openal._checksums import row_checksums
from openal.functional._references import References
from openal.functional.approximate_neighbors import IndexedReferences
from openal.labeled import UNKNOWN
from openal.view import Blocks, Engine, Rows, View

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

    The pool remembers what was found, 16 n (k + 1) bytes, with a checksum of each row that was
    read: the next query searches only the answers that came since, and the result is that of a full
    search bit for bit. Labels are looked up anew. A candidate is searched again where its embedding
    changed or a neighbor of it changed or was retracted, and all are where the view maps with
    another engine. With `probes` a search among 50 000 new answers or more is that of
    `approximate_knn`.
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
class _Read:
    """Some rows, and a checksum of what each of them held when it was read."""

    rows: np.ndarray  # int64 [n], global, in any order
    sums: np.ndarray  # int64 [n, 2]

    @classmethod
    def of(cls, rows: Rows, embeddings: str, engine: Engine) -> "_Read":
        """The rows as they are now; read here, or by another engine where they are."""
        if isinstance(engine, Blocks):
            return cls(rows.indices, rows.signals.checksums(embeddings, rows.indices))
        sums = engine(row_checksums, rows, (embeddings,)).cpu().numpy()
        return cls(rows.indices, sums.reshape(len(rows), 2))

    @classmethod
    def of_candidates(cls, view: View, embeddings: str) -> "_Read":
        """The candidates of a view, read once in a query."""

        def read(whole: View) -> Tensor:
            return torch.from_numpy(cls.of(whole.pool, embeddings, whole.engine).sums)

        return cls(view.pool.indices, view.once(("checksums", embeddings), read).numpy())

    def places(self, rows: np.ndarray) -> np.ndarray:
        """Where each of some rows stands here."""
        order = np.argsort(self.rows)
        found: np.ndarray = order[np.searchsorted(self.rows, rows, sorter=order)]
        return found

    def unchanged(self, now: "_Read") -> np.ndarray:
        """Which of the rows that are read now are here, and hold the same: a mask."""
        if np.array_equal(now.rows, self.rows):
            same: np.ndarray = (self.sums == now.sums).all(axis=1)
            return same
        mask = np.isin(now.rows, self.rows)
        mask[mask] = (self.sums[self.places(now.rows[mask])] == now.sums[mask]).all(axis=1)
        return mask


@dataclass(frozen=True, eq=False)
class _Found:
    """The nearest references of some rows: all that a later query needs of an earlier one."""

    queries: _Read
    references: _Read  # ascending
    nearest: Tensor  # float64 [n, min(k, r), 2]: the cosine, and the place in `references`
    engine: Engine  # another one may round otherwise

    @classmethod
    def nothing(cls, engine: Engine) -> "_Found":
        """What is known before any search."""
        nobody = _Read(np.empty(0, np.int64), np.empty((0, 2), np.int64))
        nearest = torch.empty(0, 0, 2, dtype=torch.float64, device="cpu")
        return cls(nobody, nobody, nearest, engine)

    def at(self, rows: np.ndarray) -> Tensor:
        """The nearest of some of the rows, copied."""
        return self.nearest[torch.from_numpy(self.queries.places(rows)).to(self.nearest.device)]


def _labeled(
    view: View, indices: np.ndarray, labels: Tensor, search: _Search
) -> tuple[Tensor, Tensor]:
    n, order = len(view.pool), np.argsort(indices)
    if min(search.k, len(indices)) == 0:
        none = torch.empty(n, 0, dtype=torch.float64, device="cpu")
        return none.long(), none
    kept = view.pool.signals.kept(search.embeddings)
    found = kept[search] = _found(view, indices[order], search, kept.pop(search, None))
    rows = view.pool.indices
    nearest = found.nearest if rows is found.queries.rows else found.at(rows)
    labels = labels[torch.from_numpy(order)].to(nearest.device)
    return labels[nearest[..., 1].long()], nearest[..., 0].clone()


def _found(view: View, references: np.ndarray, search: _Search, before: _Found | None) -> _Found:
    """What was found before, where that is still all; else with what is missing."""
    rows, signals = _Read.of_candidates(view, search.embeddings), view.pool.signals
    known = _Read.of(Rows(references, signals), search.embeddings, view.engine)
    if before is None or before.engine != view.engine:
        before = _Found.nothing(view.engine)
    there, same = before.queries.unchanged(rows), before.references.unchanged(known)
    if there.all() and same.all() and len(references) == len(before.references.rows):
        return before
    find = partial(_searched, references=references, search=search)
    old = _moved(before, rows.rows[there], references, references[same])
    complete = (old[..., 1] >= 0).all(dim=1).cpu().numpy()
    there[there] = complete
    del before  # the last that knows what was found: its memory is free for what comes
    parts = [
        find(view, ~there, new=references, old=old.new_empty(int((~there).sum()), 0, 2)),
        find(view, there, new=references[~same], old=old if complete.all() else old[complete]),
    ]
    return _Found(rows, known, _joined(parts, there), view.engine)


def _moved(before: _Found, rows: np.ndarray, references: np.ndarray, same: np.ndarray) -> Tensor:
    """The nearest of some rows, with places in other references; -1 for one not the `same`."""
    nearest, known = before.at(rows), before.references.rows  # a copy
    moved = np.where(np.isin(known, same), np.searchsorted(references, known), -1)
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
