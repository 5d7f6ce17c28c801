"""Finished runs on disk, shared by processes: lock files that nobody waits for."""

import glob
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openal._files import PART, plain_json, write_whole
from openal._locks import file_lock
from openal.errors import ArgumentError
from openal.simulate.loop import Run, run_of

__all__ = ["RESULTS", "ResultsFolder", "check_grid", "write_json"]


RESULTS = "simulation.json"
ELSEWHERE = "choose another folder."
NUMBERS = re.compile(r'\[\n[^\[\]{}"]*\]')  # a JSON string holds no line break, so only lists match


@dataclass(frozen=True)
class ResultsFolder:
    """The finished runs in a `folder`, all of the same `settings` (values that JSON can hold).

    In a grid there is one of these for each of its conditions, with a `tag` in the files' names.
    """

    folder: Path
    settings: Mapping[str, Any]
    tag: str = ""

    def check(self) -> None:
        """Refuse a folder with results of other settings."""
        check_grid([self], frozenset())

    def owns(self, path: Path) -> bool:
        """Whether a file of the folder is, by its name, a run under this tag."""
        return path.stem.rpartition("-seed")[0].endswith(f"-{self.tag}")

    def require_same(self, path: Path, settings: Any, varying: Set[str] = frozenset()) -> None:
        """Refuse a file whose settings are others in more than what is `varying`."""
        if not isinstance(settings, dict):
            raise ArgumentError(f"{path} is not a result of a simulation; {ELSEWHERE}")
        for key in sorted({*settings, *self.settings} - varying):
            old, new = settings.get(key), self.settings.get(key)
            if old != new:
                raise ArgumentError(
                    f"{self.folder} holds results of other settings: {key} was {old}, now it is "
                    f"{new}; {ELSEWHERE}"
                )

    def has(self, name: str, seed: int) -> bool:
        """Whether the run of a strategy at a seed is there."""
        return self._path(name, seed).exists()

    @contextmanager
    def claimed(self, name: str, seed: int) -> Iterator[bool]:
        """Whether this process may compute a run now: no other one does.

        The lock file goes once the run is there. Whoever opened it before, or makes it anew, finds
        the run when the lock is theirs; what a killed process was writing goes with the next, and
        its lock when the run is read.
        """
        path = self._path(name, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(_lock_of(path), wait=False) as mine:
            if mine:
                for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
                    part.unlink(missing_ok=True)
            yield mine
        if mine and path.exists():
            _unlock(path)

    def load(self, name: str, seed: int, strategy: str) -> Run | None:
        """The finished run of a strategy, whose repr is `strategy`, at a seed; or None."""
        path = self._path(name, seed)
        if not path.exists():
            return None
        _unlock(path)
        content = _read(path)
        self.require_same(path, content.get("settings"))
        if content.get("strategy") != strategy:
            raise ArgumentError(
                f"{path} is of {content.get('strategy')}, not {strategy}; {ELSEWHERE}"
            )
        try:
            return run_of({**content["run"], "seconds": content["seconds"]})
        except (KeyError, ValueError, TypeError) as error:
            raise ArgumentError(
                f"{path} is damaged ({error}); delete it to compute it again."
            ) from error

    def save(
        self, name: str, seed: int, strategy: str, run: Run, known: Sequence[int] = ()
    ) -> None:
        """Keep a finished run, and which class ids were `known`.

        Seconds stand apart, since they alone differ from time to time.
        """
        columns = asdict(run)
        seconds = columns.pop("seconds")
        plan = {"settings": self.settings, "strategy": strategy, "name": name, "seed": seed}
        write_json(
            self._path(name, seed),
            {**plan, "known": list(known), "run": columns, "seconds": seconds},
        )

    def _path(self, name: str, seed: int) -> Path:
        words = [quote(name, safe=""), *filter(None, [self.tag]), f"seed{seed}.json"]
        return self.folder / "runs" / "-".join(words)


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _unlock(path: Path) -> None:
    """Remove the lock of a run that is there, which nobody needs any more."""
    with suppress(OSError):  # a folder to read only; on Windows another process may have it open
        _lock_of(path).unlink()


def check_grid(grid: Sequence[ResultsFolder], varying: Set[str]) -> None:
    """Refuse the folder of a grid if it holds results of other settings.

    The runs under one tag have exactly its settings; those under other tags may differ in what is
    `varying`: the first answers, say, are not as many at each share of known classes.
    """
    folder = grid[0].folder
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"{folder} is a file; a folder was expected.")
    for path in [*folder.glob("runs/*.json"), *folder.glob(RESULTS)]:
        own = next((results for results in grid if results.owns(path)), None)
        settings = _read(path).get("settings")
        (own or grid[0]).require_same(path, settings, frozenset() if own else varying)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    text = json.dumps(value, indent=1, allow_nan=False)
    write_whole(path, (NUMBERS.sub(_one_line, text) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        content = plain_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}; {ELSEWHERE}") from error
    if not isinstance(content, dict):
        raise ArgumentError(f"{path} is not a result of a simulation; {ELSEWHERE}")
    return content


def _one_line(numbers: re.Match[str]) -> str:
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
