"""Finished runs read back from a folder, checked number by number."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from openal.checks import as_count, as_integers, as_number
from openal.errors import ArgumentError
from openal.files import plain_json
from openal.simulate.cells import RESULTS
from openal.simulate.run import Run, run_of

__all__ = ["Cell", "read_cells", "read_origin"]

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
