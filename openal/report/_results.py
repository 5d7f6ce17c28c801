"""Finished runs read back from a folder, checked number by number, grouped by shared settings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Any

from openal._checks import as_count, as_integers, as_number
from openal._files import plain_json
from openal.errors import ArgumentError
from openal.report._items import DATA, Items, read_items
from openal.simulate._results_folder import RESULTS
from openal.simulate.loop import Run, Runs, run_of

__all__ = ["BASELINE", "Cell", "Condition", "Results", "read_cells", "read_origin", "read_results"]

EXPECTED = "a folder with the results of `openal simulate` was expected."
RATIOS = ("mismatch", "ood_ratio")
KINDS = {"command": (str, list, NoneType), "notes": (list, NoneType)}


@dataclass(frozen=True)
class Cell:
    """One strategy at one seed, under the settings of its file."""

    path: Path
    settings: Mapping[str, Any]
    name: str
    strategy: str
    seed: int
    run: Run
    known: frozenset[int] | None  # ids of the known classes, where the file says so


def read_cells(folder: Path) -> tuple[Cell, ...]:
    """All finished runs below `folder`; an ArgumentError that names the first damaged file."""
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder; {EXPECTED}")
    paths = sorted({*folder.glob("**/runs/**/*.json")})
    if not paths:
        raise ArgumentError(f"{folder} holds no runs/*.json; {EXPECTED}")
    return tuple(_cell(path) for path in paths)


def read_origin(folder: Path) -> Mapping[str, Any]:
    """What stands beside the runs in `simulation.json`; nothing where it is not written yet."""
    path = folder / RESULTS
    if not path.exists():
        return {}
    try:
        found = plain_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        return {}
    for key, kinds in KINDS.items():
        if not isinstance(found.get(key), kinds):
            raise ArgumentError(f"{path}: {key} cannot be {found[key]!r:.60}; {EXPECTED}")
    return found


def _cell(path: Path) -> Cell:
    try:
        found = plain_json(path)
        settings, name, strategy = found["settings"], found["name"], found["strategy"]
        texts = isinstance(name, str) and isinstance(strategy, str) and isinstance(settings, dict)
        if not texts:
            raise TypeError("settings, name and strategy must be an object and two strings")
        for key in RATIOS:
            if settings.get(key) is not None:
                as_number(settings[key], key, minimum=0)
        seed = as_count(found["seed"], "seed")
        run = run_of({**found["run"], "seconds": found["seconds"]})
        known = _known(found.get("known"))
        return Cell(path, settings, name, strategy, seed, run, known)
    except KeyError as error:
        raise ArgumentError(f"{path} is not a finished run: {error} is missing.") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ArgumentError(f"{path} is not a finished run: {error}") from error


def _known(values: Any) -> frozenset[int] | None:
    """No class, or none given, is nothing said."""
    return frozenset(as_integers(values, "known").tolist()) if values else None


BASELINE = "Random"


@dataclass(frozen=True, eq=False)
class Condition:
    """All runs of one problem; `known` are class ids by seed, where the files say so."""

    settings: Mapping[str, Any]
    runs: Runs
    known: Mapping[int, frozenset[int]]
    items: Items | None
    extra: str = ""  # what tells it from another one of the same data, mismatch and OOD ratio

    @property
    def data(self) -> str:
        """The title of the data set."""
        return str(self.settings.get("data", "data"))

    @property
    def mismatch(self) -> str:
        """The share of known classes, or how many were named."""
        named = self.settings.get("known")
        if isinstance(named, list):
            return f"{len(named)} named classes known"
        return f"{_percent(self.settings.get('mismatch'))} of classes known"

    @property
    def ood_ratio(self) -> str:
        """The share of unknown items, and what else tells the condition from others."""
        return " · ".join(filter(None, [_percent(self.settings.get("ood_ratio")), self.extra]))

    @property
    def label(self) -> str:
        """The condition in words."""
        unlimited = self.settings.get("ood_ratio") is None
        share = "all unknown items" if unlimited else f"OOD ratio {self.ood_ratio}"
        return ", ".join(filter(None, [self.data, self.mismatch, share, unlimited * self.extra]))


@dataclass(frozen=True, eq=False)
class Results:
    """A folder of runs: its conditions, and its strategies with their arguments."""

    folder: Path
    conditions: tuple[Condition, ...]
    strategies: Mapping[str, tuple[str, ...]]  # the baseline first, the others by name
    origin: Mapping[str, Any]  # command, versions, hardware, about and notes, if said


def read_results(folder: Path) -> Results:
    """The results of a folder, or of a grid of them."""
    cells = read_cells(folder)
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(json.dumps(cell.settings, sort_keys=True), []).append(cell)
    found: dict[Path, Items | None] = {}
    conditions = sorted((_condition(folder, each, found) for each in groups.values()), key=_order)
    names = sorted({cell.name for cell in cells}, key=lambda name: (name != BASELINE, name.lower()))
    arguments = {
        name: tuple(sorted({cell.strategy for cell in cells if cell.name == name}))
        for name in names
    }
    return Results(folder, tuple(_told_apart(conditions)), arguments, read_origin(folder))


def _condition(folder: Path, cells: Sequence[Cell], found: dict[Path, Items | None]) -> Condition:
    runs: dict[str, dict[int, Run]] = {}
    for cell in cells:
        by_seed = runs.setdefault(cell.name, {})
        if cell.seed in by_seed:
            raise ArgumentError(f"{cell.path} repeats {cell.name} at seed {cell.seed}.")
        if len(cell.run.asked) != len(cells[0].run.asked):
            raise ArgumentError(f"{cell.path} has not as many rounds as {cells[0].path}.")
        by_seed[cell.seed] = cell.run
    known = {cell.seed: cell.known for cell in cells if cell.known is not None}
    items = _items(folder, cells, found)
    return Condition(cells[0].settings, runs, known, items)


def _items(folder: Path, cells: Iterable[Cell], found: dict[Path, Items | None]) -> Items | None:
    """The nearest `data.npz` above the runs, read once; the runs must fit in it."""
    cell = next(iter(cells))
    above = [each for each in cell.path.parents if each == folder or folder in each.parents]
    for path in (each / DATA for each in above):
        if path not in found:
            found[path] = read_items(path)
        items = found[path]
        if items is not None:
            return _fitting(path, items, cells)
    return None


def _fitting(path: Path, items: Items, cells: Iterable[Cell]) -> Items:
    for cell in cells:
        if max(map(max, cell.run.asked)) >= len(items):
            raise ArgumentError(f"{cell.path} asks beyond the {len(items)} items of {path}.")
    return items


def _told_apart(conditions: Sequence[Condition]) -> Iterable[Condition]:
    """Conditions of the same label say in which other settings they differ."""
    for condition in conditions:
        twins = [each.settings for each in conditions if each.label == condition.label]
        keys = sorted({key for each in twins for key in each})
        differ = [k for k in keys if len({json.dumps(each.get(k)) for each in twins}) > 1]
        extra = ", ".join(f"{key} {condition.settings.get(key)!s:.24}" for key in differ)
        yield replace(condition, extra=extra)


def _order(condition: Condition) -> tuple[Any, ...]:
    shares = (condition.settings.get("mismatch"), condition.settings.get("ood_ratio"))
    numbers = [each if isinstance(each, int | float) else float("inf") for each in shares]
    return condition.data, *numbers, json.dumps(condition.settings, sort_keys=True)


def _percent(share: Any) -> str:
    return f"{100 * share:.4g}%" if isinstance(share, int | float) else "all"
