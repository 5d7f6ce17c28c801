"""What a query reads: its candidates, and the sources of signals and of what learners read."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from openal._checks import as_indices
from openal._sources import Kept, Source, Stored, Trainable
from openal.errors import ArgumentError
from openal.labeled import LabeledSet

__all__ = ["askable", "begun_again", "retired_in", "sources_behind", "unreadable_in"]


def begun_again(sources: dict[str, Source], replaced: set[str]) -> dict[str, Any]:
    """The frozen learners of signals that come, in one step or more, from those replaced."""
    learners = {name: getattr(source, "learner", None) for name, source in sources.items()}
    stale: set[str] = set()
    while found := {
        name
        for name, learner in learners.items()
        if name not in stale and {*getattr(learner, "reads", ())} & (replaced | stale)
    }:
        stale |= found
    frozen_ones = {name for name in stale if not isinstance(sources[name], Trainable)}
    return {name: learners[name] for name in frozen_ones}


def sources_behind(offered: Mapping[str, Source], names: Iterable[str]) -> list[Source]:
    """The sources of some signals and of what their learners read, each after those it reads."""
    sources: dict[int, Source] = {}
    for name in names:
        _add_behind(sources, offered, name, ())
    return [*sources.values()]


def _add_behind(
    sources: dict[int, Source], offered: Mapping[str, Source], name: str, pending: tuple[str, ...]
) -> None:
    source = offered.get(name)
    if source is None or id(source) in sources or name in pending:
        return
    for need in getattr(getattr(source, "learner", None), "reads", ()):
        _add_behind(sources, offered, need, (*pending, name))
    sources[id(source)] = source


def askable(labeled: LabeledSet, candidates: Any) -> np.ndarray:
    """The candidates without an answer, ascending."""
    unlabeled = labeled.unlabeled_indices
    if candidates is None:
        return unlabeled
    chosen = np.sort(as_indices(candidates, "candidates", size=labeled.size))
    if len(chosen) == 0:
        raise ArgumentError("candidates is empty; leave it out to choose among all unlabeled.")
    return chosen[np.isin(chosen, unlabeled, assume_unique=True)]


def retired_in(pool: Any) -> np.ndarray:
    """The indices of items that are not there any more: learned from, and never asked about."""
    stores = [source for source in pool._sources.values() if isinstance(source, Stored)]
    return _union(source.retired for source in stores)


def unreadable_in(pool: Any, names: Iterable[str], progress: bool | None) -> np.ndarray:
    """The indices without a value in a signal, or in what its learners read: they take no part."""
    behind = sources_behind(pool._sources, names)
    stores = [source for source in behind if isinstance(source, Stored | Kept)]
    return _union(source.unreadable(pool, progress) for source in stores)


def _union(lists: Iterable[Any]) -> np.ndarray:
    arrays = [np.asarray(indices, np.int64) for indices in lists]
    return np.unique(np.concatenate([np.empty(0, np.int64), *arrays]))
