"""What a project notes beside its ledger: `asked.jsonl`, lines of JSON that are only added.

Each says which images were asked, or about which bytes an answer is. A line that cannot be read
says nothing: of such an answer it is only known when it was given.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["FILE", "Notes", "append", "read_notes", "seconds_of"]

FILE = "asked.jsonl"
GRAIN = 1.0
"""Seconds within which the ledger's times, which have no fractions, may seem later than a note."""


@dataclass(frozen=True)
class Notes:
    """All that was noted.

    `asked` has, by index, the names and the checksums under which the last round asked an image,
    oldest first; `answered` the label, the checksum and the time in seconds of what was answered.
    """

    asked: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    answered: dict[int, list[tuple[int, str, float]]] = field(default_factory=dict)

    def about(self, index: int, label: int, since: float) -> set[str]:
        """The checksums of the bytes that an answer is about; none where nobody noted them."""
        found = self.answered.get(index, [])
        return {said for of, said, at in found if of == label and at >= since - GRAIN}

    def indices_asked(self) -> dict[str, set[int]]:
        """The images that each name stood for in the last round."""
        stood: dict[str, set[int]] = {}
        for index, shown in self.asked.items():
            for name, _ in shown:
                stood.setdefault(name, set()).add(index)
        return stood


def read_notes(folder: Path) -> Notes:
    """All that was noted in the folder of a project."""
    notes = Notes()
    for line in _lines(folder):
        if line.get("begins"):
            notes.asked.clear()
        for index, (name, digest) in line.get("asked", {}).items():
            notes.asked.setdefault(int(index), []).append((str(name), str(digest)))
        for index, (label, digest) in line.get("answered", {}).items():
            said = int(label), str(digest), float(line["time"])
            notes.answered.setdefault(int(index), []).append(said)
    return notes


def seconds_of(moment: str | None) -> float:
    """A time of the ledger in seconds; one that is not known was before anything."""
    if moment is None:
        return 0
    return datetime.fromisoformat(moment).astimezone(UTC).timestamp()


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines that are whole, and say what we write."""
    path = folder / FILE
    for text in path.read_bytes().splitlines() if path.is_file() else []:
        try:
            line = json.loads(text)
            if _is_ours(line):
                yield line
        except (ValueError, RecursionError):
            continue


def _is_ours(line: Any) -> bool:
    """Whether a line has what is read of it."""
    if not isinstance(line, dict):
        return False
    is_answer = type(line.get("time")) is float and _has_pairs(line.get("answered"), int)
    return is_answer or _has_pairs(line.get("asked"), str)


def _has_pairs(pairs: Any, first: type) -> bool:
    """Whether it has, by index, pairs of something and a checksum."""
    return isinstance(pairs, dict) and all(
        index.isdecimal()
        and len(index) < 16
        and isinstance(pair, list)
        and [*map(type, pair)] == [first, str]
        for index, pair in pairs.items()
    )


def append(folder: Path, line: dict[str, Any]) -> None:
    """Add a line; the empty one before it ends one that a killed process wrote in part."""
    content = b"\n" + json.dumps(line).encode() + b"\n"
    with (folder / FILE).open("ab", buffering=0) as file:
        file.write(content)
        os.fsync(file.fileno())
