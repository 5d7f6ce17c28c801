"""Finished runs on disk, so that a simulation that was killed goes on where it stopped.

One file per strategy and seed, written whole or not at all, with the exact settings inside. A
run that was killed in the middle starts again from its seed and ends with the same numbers.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openal.errors import ArgumentError
from openal.simulate.run import Run

__all__ = ["RESULTS", "Cells", "write_json", "write_whole"]

RESULTS = "simulation.json"
ELSEWHERE = "choose another folder."
NUMBERS = re.compile(r'\[\n[^\[\]{}"]*\]')  # a JSON string holds no line break, so only lists match


@dataclass(frozen=True)
class Cells:
    """The finished runs of a folder, all of the same settings (values that JSON can hold)."""

    folder: Path
    settings: Mapping[str, Any]

    def check(self) -> None:
        """Refuse a folder with results of other settings; nothing is written."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ArgumentError(f"{self.folder} is a file; a folder was expected.")
        for path in [*self.folder.glob("runs/*.json"), *self.folder.glob(RESULTS)]:
            self._require_same(path, _read(path).get("settings"))

    def load(self, name: str, seed: int, strategy: str) -> Run | None:
        """The finished run of a strategy, whose repr is `strategy`, at a seed; or None."""
        path = self._path(name, seed)
        if not path.exists():
            return None
        cell = _read(path)
        self._require_same(path, cell.get("settings"))
        if cell.get("strategy") != strategy:
            raise ArgumentError(f"{path} is of {cell.get('strategy')}, not {strategy}; {ELSEWHERE}")
        try:
            columns = {**cell["run"], "seconds": cell["seconds"]}
            return Run(**{column: _tuples(values) for column, values in columns.items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise ArgumentError(f"{path} is damaged; delete it to compute it again.") from error

    def save(self, name: str, seed: int, strategy: str, run: Run) -> None:
        """Keep a finished run; seconds apart, since they alone differ from time to time."""
        columns = asdict(run)
        seconds = columns.pop("seconds")
        cell = {"settings": self.settings, "strategy": strategy, "name": name, "seed": seed}
        write_json(self._path(name, seed), {**cell, "run": columns, "seconds": seconds})

    def _path(self, name: str, seed: int) -> Path:
        return self.folder / "runs" / f"{quote(name, safe='')}-seed{seed}.json"

    def _require_same(self, path: Path, found: Any) -> None:
        if not isinstance(found, dict):
            raise ArgumentError(f"{path} is not a result of a simulation; {ELSEWHERE}")
        for key in sorted({*found, *self.settings}):
            old, new = found.get(key), self.settings.get(key)
            if old != new:
                raise ArgumentError(
                    f"{self.folder} holds results of other settings: {key} was {old}, now it is "
                    f"{new}; {ELSEWHERE}"
                )


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    text = json.dumps(value, indent=1, allow_nan=False)
    write_whole(path, (NUMBERS.sub(_one_line, text) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that another process sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        cell = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}; {ELSEWHERE}") from error
    if not isinstance(cell, dict):
        raise ArgumentError(f"{path} is not a result of a simulation; {ELSEWHERE}")
    return cell


def _tuples(values: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(_tuples, values)) if isinstance(values, list) else values


def _one_line(numbers: re.Match[str]) -> str:
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
