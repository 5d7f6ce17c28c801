"""Answers in a table, as people or other programs write it: which image, which class."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openal._spreadsheet import guarded
from openal.errors import AnswerError, ArgumentError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger._settings import SPELLED, WORDS
from openal.project._asked import of_cell
from openal.project._notes import read_notes
from openal.project._tables import table_rows
from openal.project.project import Project

__all__ = [
    "AnswerTable",
    "answers_of",
    "listed",
    "names_of",
    "read_answers",
    "record",
    "second_opinions",
]

LISTED = 10
UNCHANGED = "Nothing was recorded."


@dataclass(frozen=True)
class AnswerTable:
    """The answers of a table.

    Attributes:
        indices: which images, each once.
        labels: their classes 0..K-1, UNKNOWN or SKIPPED.
        empty: how many rows had no class, and say nothing.
        sums: the checksums of the bytes that were asked, by index, where the table has them.
    """

    indices: tuple[int, ...]
    labels: tuple[int, ...]
    empty: int = 0
    sums: Mapping[int, str] = field(default_factory=dict)

    def new(self, labeled: LabeledSet) -> "AnswerTable":
        """Those about images without an answer."""
        answered = answers_of(labeled)
        return self._where(lambda index, _: index not in answered)

    def changed(self, labeled: LabeledSet) -> "AnswerTable":
        """Those that differ from the answer that is there."""
        answered = answers_of(labeled)
        return self._where(lambda index, label: answered.get(index, label) != label)

    def without(self, indices: Collection[int]) -> "AnswerTable":
        """Those about other images."""
        return self._where(lambda index, _: index not in indices)

    def counts(self, classes: Sequence[str]) -> dict[str, int]:
        """How many answers of each class, UNKNOWN and SKIPPED, without zeros."""
        found = Counter(self.labels)
        names = names_of(classes)
        return {name: found[label] for label, name in names.items() if found[label]}

    def _where(self, taken: Callable[[int, int], bool]) -> "AnswerTable":
        pairs = zip(self.indices, self.labels, strict=True)
        kept = [(index, label) for index, label in pairs if taken(index, label)]
        return AnswerTable(tuple(i for i, _ in kept), tuple(label for _, label in kept))


def names_of(classes: Sequence[str]) -> dict[int, str]:
    """What each label is called, UNKNOWN and SKIPPED last."""
    return {**dict(enumerate(classes)), **WORDS}


def listed(lines: list[str]) -> list[str]:
    """The first of many lines, and how many more there are."""
    more = [f"  and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return [*lines[:LISTED], *more]


def answers_of(labeled: LabeledSet) -> dict[int, int]:
    """Each answered item and its label, in answer order."""
    pairs = {int(i): UNKNOWN for i in labeled.unknown_indices}
    pairs |= {int(i): SKIPPED for i in labeled.skipped_indices}
    known = zip(labeled.known_indices.tolist(), labeled.known_labels.tolist(), strict=True)
    return pairs | dict(known)


def read_answers(path: Path, project: Project) -> AnswerTable:
    """The answers of a CSV file with the columns `file` and `class`; others are not read.

    A class is written as in the project, or UNKNOWN or SKIPPED; rows without one are passed over. A
    column `key`, as `openal query` writes it, says which image it was where its name changed since,
    and a column `checksum`, which bytes it had. Without a key, a name that has moved to another
    image since the last round was begun is refused. Comma, semicolon or tab, with a byte-order mark
    or without. Raises an AnswerError that names the first row with an image or a class that is not
    there, or with two answers for an image.
    """
    rows = table_rows(path)
    if not rows:
        raise ArgumentError(f"{path} is empty; the columns file and class were expected.")
    columns = _columns(path, rows[0][1])
    keys = {written(key): at for at, key in enumerate(project.keys)}
    files = _by_file(project, keys)
    labels = {**{name: at for at, name in enumerate(project.classes)}, **SPELLED}
    return _table(path, rows[1:], columns, files, keys, labels)


MOVED = -1
"""Stands for the image of a name that was another image's when it was asked."""


def _by_file(project: Project, keys: Mapping[str, int]) -> dict[str, int]:
    """The image of each name, also of one that it had when it was asked."""
    files = {**keys, **{written(name): at for name, at in project.index_of.items()}}
    for name, asked in read_notes(project.folder).indices_asked().items():
        stood = {*asked, files.get(written(name), min(asked))}
        files[written(name)] = stood.pop() if len(stood) == 1 else MOVED
    return files


def written(name: str) -> str:
    """A name as a CSV file holds it: half a character becomes `\\udc80`, as JSON has it."""
    return name.encode("utf-8", "backslashreplace").decode()


COLUMNS = ("file", "class", "key", "checksum")


def _columns(path: Path, header: list[str]) -> tuple[int, ...]:
    """Where COLUMNS are; beyond the last where there is no key, or no checksum."""
    names = [name.strip() for name in header]
    missing = [name for name in ("file", "class") if name not in names]
    twice = [name for name in COLUMNS[:3] if names.count(name) > 1]
    if twice:
        raise ArgumentError(f"{path} has two columns {twice[0]!r}; one was expected.")
    if missing:
        raise ArgumentError(
            f"{path} has no column {missing[0]!r}; its first line must name the columns file and "
            f"class, and is {', '.join(names)[:100]!r}."
        )
    return tuple(names.index(name) if name in names else len(names) for name in COLUMNS)


def _table(
    path: Path,
    rows: list[tuple[int, list[str]]],
    columns: tuple[int, ...],
    files: Mapping[str, int],
    keys: Mapping[str, int],
    labels: Mapping[str, int],
) -> AnswerTable:
    found: dict[int, int] = {}
    lines: dict[int, int] = {}
    sums: dict[int, str] = {}
    empty = 0
    for line, row in rows:
        file, name, key, digest = (row[at] if at < len(row) else "" for at in columns)
        if not name.strip():
            empty += 1
            continue
        known, image = (keys, key) if key.strip() else (files, file)
        index = _looked_up(known, image, "/", f"{path}, line {line}: there is no image", "file")
        if index == MOVED:
            raise AnswerError(_moved(path, line, file))
        label = _looked_up(labels, name, "", f"{path}, line {line}: there is no class", "class")
        if found.setdefault(index, label) != label:
            raise AnswerError(
                f"{path}, line {line}: {file!r} has another class in line {lines[index]}. "
                f"{UNCHANGED}"
            )
        lines.setdefault(index, line)
        if (asked := of_cell(digest)) is not None:
            sums[index] = asked
    return AnswerTable(tuple(found), tuple(found.values()), empty, sums)


def _moved(path: Path, line: int, file: str) -> str:
    return (
        f"{path}, line {line}: {file!r:.100} is another image than when it was asked, and no key "
        f"says which is meant; type openal query --out, and answer in that table, or with the "
        f"column key of the one that was asked. {UNCHANGED}"
    )


def _looked_up(known: Mapping[str, int], text: str, separator: str, why: str, kind: str) -> int:
    """What a cell stands for: without a guard, as it is, or with Windows' slashes.

    Our own tables guard each name that needs it, so a cell that may be guarded is taken for that.
    """
    bare = [text[1:]] if text.startswith("'") else []
    forms = [*(form for form in bare if guarded(form) == text), text, text.strip(), *bare]
    forms += [text.replace("\\", separator)] if separator else []
    value = next((known[form] for form in forms if form in known), None)
    if value is None:
        expected = (
            "names are relative to the folder of the images"
            if kind == "file"
            else f"there are {', '.join([*known][:LISTED])}"
        )
        raise AnswerError(f"{why} {text!r:.100}; {expected}. {UNCHANGED}")
    return value


def second_opinions(labeled: LabeledSet, changed: AnswerTable, annotator: str | None) -> list[int]:
    """Of answers that differ those that stand beside the answer of another named annotator."""
    if annotator is None:
        return []
    by = labeled.annotators
    return [index for index in changed.indices if by.get(index, annotator) != annotator]


def record(
    labeled: LabeledSet, table: AnswerTable, *, relabel: bool, annotator: str | None
) -> None:
    """Note the answers of a table in a ledger; where `relabel`, also in the place of others.

    What an `annotator` says of images that another one has answered stands beside that answer;
    other answers that differ are left out. `relabel` is the last word where annotators disagree,
    also with a class that one of them gave.
    """
    changed = table.changed(labeled)
    beside = second_opinions(labeled, changed, None if relabel else annotator)
    settled = {*changed.indices, *labeled.disagreements} if relabel else set[int]()
    last = table._where(lambda index, _: index in settled)
    if last.indices:
        labeled.relabel(last.indices, last.labels, annotator=annotator)
    taken = table.new(labeled) if annotator is None else table
    taken = taken.without(last.indices).without(changed.without(beside).indices)
    if taken.indices:
        labeled.add(taken.indices, taken.labels, annotator=annotator)
