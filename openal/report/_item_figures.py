"""The figures of the items that were chosen: maps and images of the first and the last round."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from openal.report._figure import Figure, Styles
from openal.report._gallery import Gallery, Sheet, Tile
from openal.report._items import Items
from openal.report._maps import Choice, Map, placed
from openal.report._results import ConditionRuns

__all__ = ["item_figures", "sheets"]

CLOUD = 1500
SHOWN = 8  # images of a strategy
COLORS = "Blue dots are of known classes, orange squares of unknown ones"
BORDERS = "A solid blue border is a known class, a dashed orange one an unknown class"


def item_figures(
    condition: ConditionRuns, number: int, styles: Styles, sheets: Mapping[Items, Sheet]
) -> Iterator[Figure]:
    """Maps and galleries of the first seed; nothing without items."""
    items = condition.items
    if items is None:
        return
    for at in _rounds(condition):
        if items.xy is not None:
            yield _map(condition, styles, items, placed(items.xy), at, f"cloud{number}-{at + 1}")
    if items in sheets:
        galleries = [_gallery(condition, styles, sheets[items], at) for at in _rounds(condition)]
        yield from (one for one in galleries if any(tiles for _, tiles in one.rows_of))


def sheets(conditions: Sequence[ConditionRuns]) -> dict[Items, Sheet]:
    """A sheet of images for each set of items, with all that the galleries show."""
    shown: dict[Items, set[int]] = {}
    for condition in conditions:
        for at in _rounds(condition):
            for name in condition.runs:
                if condition.items is not None:
                    picked = _pictured(condition, condition.items, name, at)
                    shown.setdefault(condition.items, set()).update(picked)
    return {
        items: Sheet(items, number, {index: at for at, index in enumerate(sorted(indices))})
        for number, (items, indices) in enumerate(shown.items())
        if indices
    }


def _map(
    condition: ConditionRuns,
    styles: Styles,
    items: Items,
    points: np.ndarray,
    at: int,
    cloud_id: str,
) -> Map:
    known = _known(condition, items)
    step = max(1, -(-len(items) // CLOUD))
    chosen = [
        Choice(name, _grouped(np.array(_query(condition, name, at)), known))
        for name in styles
        if name in condition.runs
    ]
    colors = "Dark dots" if known is None else COLORS
    note = (
        f"Seed {_seed(condition)}; items with like embeddings lie together. {colors}: what was "
        "chosen, large; the rest of the data, small."
    )
    cloud = _grouped(np.arange(0, len(items), step), known)
    title = f"Where they looked in round {at + 1}"
    return Map(f"map-round{at + 1}", title, note, points, cloud, chosen, cloud_id)


def _gallery(condition: ConditionRuns, styles: Styles, sheet: Sheet, at: int) -> Gallery:
    items = sheet.items
    known = _known(condition, items)
    rows = []
    for name in (name for name in styles if name in condition.runs):
        indices = _pictured(condition, items, name, at)
        rows.append((name, [_tile(items, index, known) for index in indices]))
    note = f"Seed {_seed(condition)}; the first {SHOWN} of each query that have an image." + (
        "" if known is None else f" {BORDERS}."
    )
    return Gallery(f"images-round{at + 1}", f"What they chose in round {at + 1}", note, rows, sheet)


def _tile(items: Items, index: int, known: np.ndarray | None) -> Tile:
    name = items.names[int(items.labels[index])]
    return Tile(index, name, "item" if known is None else "known" if known[index] else "unknown")


def _pictured(condition: ConditionRuns, items: Items, name: str, at: int) -> list[int]:
    query = _query(condition, name, at)
    there = np.isin(query, items.thumbnail_indices)
    return [index for index, has in zip(query, there, strict=True) if has][:SHOWN]


def _query(condition: ConditionRuns, name: str, at: int) -> list[int]:
    """What the strategy asked; nothing where it has no run of that seed."""
    run = condition.runs[name].get(_seed(condition))
    return [] if run is None else list(run.asked[at])


def _grouped(indices: np.ndarray, known: np.ndarray | None) -> dict[str, np.ndarray]:
    indices = indices.astype(np.int64)
    if known is None:
        return {"item": indices}
    return {"unknown": indices[~known[indices]], "known": indices[known[indices]]}


def _known(condition: ConditionRuns, items: Items) -> np.ndarray | None:
    """Which items are of known classes at the seed that is shown, or None if nobody says."""
    classes = condition.known.get(_seed(condition))
    return None if classes is None else items.known(classes)


def _rounds(condition: ConditionRuns) -> list[int]:
    """The first round and the last."""
    run = next(iter(next(iter(condition.runs.values())).values()))
    return sorted({0, len(run.asked) - 1})


def _seed(condition: ConditionRuns) -> int:
    """The smallest seed is the one that is shown."""
    return min(seed for by_seed in condition.runs.values() for seed in by_seed)
