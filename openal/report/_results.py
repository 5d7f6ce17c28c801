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
from openal.report._items import Items, read_items
from openal.simulate._record import DATA
from openal.simulate._results_folder import RESULTS
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.loop import Run, Runs, run_of

__all__ = [
    "RATIOS",
    "ConditionRuns",
    "Results",
    "RunFile",
    "read_origin",
    "read_results",
    "read_runs",
]

EXPECTED = "a folder with the results of `openal simulate` was expected."
RATIOS = ("mismatch", "ood_ratio")
KINDS = {"command": (str, list, NoneType), "notes": (list, NoneType)}


@dataclass(frozen=True)
class RunFile:
    """The run of one strategy at one seed, as a file holds it.

    `name` is that of the strategy in tables, `strategy` its repr; `known` are the ids of the known
    classes 0..K-1, where the file says so.
    """

    path: Path
    settings: Mapping[str, Any]
    name: str
    strategy: str
    seed: int
    run: Run
    known: tuple[int, ...] | None


def read_runs(folder: Path) -> tuple[RunFile, ...]:
    """All finished runs below `folder`; an ArgumentError that names the first damaged file."""
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder; {EXPECTED}")
    paths = sorted({*folder.glob("**/runs/**/*.json")})
    if not paths:
        raise ArgumentError(f"{folder} holds no runs/*.json; {EXPECTED}")
    return tuple(_run_file(path) for path in paths)


def read_origin(folder: Path) -> Mapping[str, Any]:
    """What stands beside the runs in `simulation.json`; nothing where it is not written yet."""
    path = folder / RESULTS
    if not path.exists():
        return {}
    try:
        content = plain_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        return {}
    for key, kinds in KINDS.items():
        if not isinstance(content.get(key), kinds):
            raise ArgumentError(f"{path}: {key} cannot be {content[key]!r:.60}; {EXPECTED}")
    return content


def _run_file(path: Path) -> RunFile:
    try:
        content = plain_json(path)
        settings, name, strategy = content["settings"], content["name"], content["strategy"]
        texts = isinstance(name, str) and isinstance(strategy, str) and isinstance(settings, dict)
        if not texts:
            raise TypeError("settings, name and strategy must be an object and two strings")
        for key in RATIOS:
            if settings.get(key) is not None:
                as_number(settings[key], key, minimum=0)
        seed = as_count(content["seed"], "seed")
        run = run_of({**content["run"], "seconds": content["seconds"]})
        known = _known(content.get("known"), run)
        return RunFile(path, settings, name, strategy, seed, run, known)
    except KeyError as error:
        raise ArgumentError(f"{path} is not a finished run: {error} is missing.") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ArgumentError(f"{path} is not a finished run: {error}") from error


def _known(values: Any, run: Run) -> tuple[int, ...] | None:
    """No class, or none given, is nothing said."""
    if not values:
        return None
    known = as_integers(values, "known")
    if len(set(known.tolist())) < len(known) or known.min() < 0:
        raise ValueError(f"known must be distinct class ids, got {values!r:.60}.")
    if run.class_f1 and len(run.class_f1[0]) != len(known):
        raise ValueError(f"known has {len(known)} classes, class_f1 {len(run.class_f1[0])}.")
    return tuple(known.tolist())


@dataclass(frozen=True, eq=False)
class ConditionRuns:
    """All runs of the same `settings`: what a page shows under one heading.

    `known` are the ids of classes 0..K-1 by seed, where the files say so; `items` what is known of
    the items, and `extra` what tells the condition from another one of the same data, mismatch and
    OOD ratio.
    """

    settings: Mapping[str, Any]
    runs: Runs
    known: Mapping[int, tuple[int, ...]]
    items: Items | None
    extra: str = ""

    @property
    def has_class_scores(self) -> bool:
        """Whether every run has what was measured of each class."""
        return all(run.class_f1 for by_seed in self.runs.values() for run in by_seed.values())

    def class_name(self, class_id: int) -> str:
        """The name of a class, or its number where nobody says it."""
        names = () if self.items is None else self.items.names
        return names[class_id] if class_id < len(names) else f"class {class_id}"

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
    """A `folder` of runs: its `conditions`, and its `strategies` with their arguments.

    The baseline goes first, the bounds last, the others by name. `origin` has the command,
    versions, hardware, about and notes, if they are said.
    """

    folder: Path
    conditions: tuple[ConditionRuns, ...]
    strategies: Mapping[str, tuple[str, ...]]
    origin: Mapping[str, Any]


def read_results(folder: Path) -> Results:
    """The results of a folder, or of a grid of them."""
    files = read_runs(folder)
    groups: dict[str, list[RunFile]] = {}
    for file in files:
        groups.setdefault(json.dumps(file.settings, sort_keys=True), []).append(file)
    read: dict[Path, Items | None] = {}
    conditions = sorted((_condition(folder, group, read) for group in groups.values()), key=_order)
    names = sorted({file.name for file in files}, key=_place)
    arguments = {
        name: tuple(sorted({file.strategy for file in files if file.name == name}))
        for name in names
    }
    return Results(folder, tuple(_told_apart(conditions)), arguments, read_origin(folder))


def _place(name: str) -> tuple[bool, bool, str]:
    """The baseline goes first, bounds go last."""
    return name != BASELINE, name in BOUNDS, name.lower()


def _condition(
    folder: Path, files: Sequence[RunFile], read: dict[Path, Items | None]
) -> ConditionRuns:
    runs: dict[str, dict[int, Run]] = {}
    for file in files:
        by_seed = runs.setdefault(file.name, {})
        if file.seed in by_seed:
            raise ArgumentError(f"{file.path} repeats {file.name} at seed {file.seed}.")
        if len(file.run.asked) != len(files[0].run.asked):
            raise ArgumentError(f"{file.path} has not as many rounds as {files[0].path}.")
        by_seed[file.seed] = file.run
    known = {file.seed: file.known for file in files if file.known is not None}
    return ConditionRuns(files[0].settings, runs, known, _items(folder, files, read))


def _items(folder: Path, files: Sequence[RunFile], read: dict[Path, Items | None]) -> Items | None:
    """The nearest `data.npz` above the runs, `read` once; the runs must fit in it."""
    parents = files[0].path.parents
    above = [parent for parent in parents if parent == folder or folder in parent.parents]
    for path in (parent / DATA for parent in above):
        if path not in read:
            read[path] = read_items(path)
        items = read[path]
        if items is not None:
            return _fitting(path, items, files)
    return None


def _fitting(path: Path, items: Items, files: Iterable[RunFile]) -> Items:
    for file in files:
        if max(map(max, file.run.asked)) >= len(items):
            raise ArgumentError(f"{file.path} asks beyond the {len(items)} items of {path}.")
    return items


def _told_apart(conditions: Sequence[ConditionRuns]) -> Iterable[ConditionRuns]:
    """Conditions of the same label say in which other settings they differ."""
    for condition in conditions:
        twins = [other.settings for other in conditions if other.label == condition.label]
        keys = sorted({key for settings in twins for key in settings})
        differ = [k for k in keys if len({json.dumps(twin.get(k)) for twin in twins}) > 1]
        extra = ", ".join(f"{key} {condition.settings.get(key)!s:.24}" for key in differ)
        yield replace(condition, extra=extra)


def _order(condition: ConditionRuns) -> tuple[Any, ...]:
    shares = (condition.settings.get("mismatch"), condition.settings.get("ood_ratio"))
    numbers = [share if isinstance(share, int | float) else float("inf") for share in shares]
    return condition.data, *numbers, json.dumps(condition.settings, sort_keys=True)


def _percent(share: Any) -> str:
    return f"{100 * share:.4g}%" if isinstance(share, int | float) else "all"
