"""How many items there are: a data set and all arrays agree on it, and go on to."""

from typing import Any

from openal._items import require_map_style
from openal._sources import Source, Stored
from openal.errors import ArgumentError

__all__ = ["common_size", "require_about", "require_size"]


def common_size(items: Any, sources: dict[str, Source]) -> int:
    """N, the length of the data set and of every array; an error where they differ."""
    sizes = _sizes(items, sources)
    if len(set(sizes.values())) != 1:
        found = ", ".join(f"{name} has {size}" for name, size in sizes.items())
        raise ArgumentError(f"items and signals must agree on N: {found or 'none is countable'}.")
    return next(iter(sizes.values()))


def _sizes(items: Any, sources: dict[str, Source]) -> dict[str, int]:
    """How many items the data set and each array have."""
    sizes = {name: len(each) for name, each in sources.items() if isinstance(each, Stored)}
    if items is None:
        return sizes
    require_map_style(items, "items")
    try:
        return {**sizes, "items": len(items)}
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"items must have a length of at least 0: {error}.") from error


def require_size(pool: Any, items: Any, sources: dict[str, Source]) -> None:
    """Refuse a pool whose data set, or an array of it, has another length by now."""
    for name, size in _sizes(items, sources).items():
        if size != len(pool):
            raise ArgumentError(
                f"{name} had {len(pool)} items when the pool was made, and {size} now, so an "
                f"index may mean another item. Make a new Pool, and a LabeledSet of its size."
            )


def require_about(labeled: Any, pool: Any) -> None:
    """Refuse what is no labeled set, and one that is about other items than the pool's."""
    if not hasattr(labeled, "known_indices"):
        raise ArgumentError(
            f"labeled must be a LabeledSet, the ledger of answers, got "
            f"{type(labeled).__name__}: LabeledSet(size, classes).add(indices, labels)."
        )
    if labeled.size != len(pool):
        grown = f"The ledger grew: make the pool of {labeled.size} items, the same ones first."
        behind = f"labeled.grow({len(pool)}) adds items at the end."
        raise ArgumentError(
            f"labeled has {labeled.size} items; the pool has {len(pool)}. "
            f"{grown if labeled.size > len(pool) else behind}"
        )
    if pool.keys is not None and labeled.keys is not None:
        difference = pool.keys.difference(labeled.keys, "the pool", "labeled")
        if difference is not None:
            raise ArgumentError(f"The keys of the pool and of labeled differ: {difference}.")
