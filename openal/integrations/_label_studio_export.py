"""What Label Studio exports, read as answers: a row for each annotation says what became of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final
from urllib.parse import parse_qs, unquote, urlsplit

from openal.errors import ArgumentError
from openal.labeled import LabeledSet

__all__ = ["CANNOT_TELL", "CHOICE", "NONE", "Imported", "Row", "answers"]

CHOICE, NONE, CANNOT_TELL = "choice", "none of these", "cannot tell"
UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an upload


@final
@dataclass(frozen=True)
class Row:
    """One annotation: of which `task` and item (`key`), by whom, what was `said`, what it `became`.

    `became` is a class, "UNKNOWN" or "SKIPPED"; None for what is no answer, and `why`.
    """

    task: object
    key: str | None
    annotator: str
    said: str
    became: str | None
    why: str = ""


@final
@dataclass(frozen=True)
class Imported:
    """All annotations of an export, in its order, as `rows`."""

    rows: tuple[Row, ...]

    @property
    def answers(self) -> tuple[tuple[str, str, str], ...]:
        """The key, the answer and the annotator of each annotation that became an answer."""
        return tuple(
            (row.key, row.became, row.annotator)
            for row in self.rows
            if row.key is not None and row.became is not None
        )

    @property
    def disagreements(self) -> dict[str, dict[str, str]]:
        """The items of which annotators said different things: who said what."""
        said: dict[str, dict[str, str]] = {}
        for key, answer, annotator in self.answers:
            said.setdefault(key, {})[annotator] = answer
        return {key: by for key, by in said.items() if len({*by.values()}) > 1}

    def table(self) -> str:
        """The rows as text, a line for each annotation."""
        head = ("task", "item", "annotator", "said", "became", "")
        lines = [head, *map(_cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def add_to(self, labeled: LabeledSet) -> None:
        """Record the answers, one annotator's after another's, under the keys of `labeled`.

        Where annotators disagree, the policy of `labeled` says which answer counts; look at
        `disagreements` first.
        """
        for annotator in dict.fromkeys(row.annotator for row in self.rows):
            own = [(key, answer) for key, answer, who in self.answers if who == annotator]
            labeled.add([key for key, _ in own], [name for _, name in own], annotator=annotator)


def answers(
    export: Any,
    classes: Sequence[str],
    *,
    keys: Sequence[str] | None = None,
    none: str = NONE,
    cannot_tell: str = CANNOT_TELL,
    cancelled: str | None = "SKIPPED",
) -> Imported:
    """The answers in a JSON export, with all annotators, and what became of each annotation.

    An item is found by the key that `tasks` put into its data, else by the name in the address of
    its image, which `keys` must hold. The choice `none` is "UNKNOWN", `cannot_tell` is "SKIPPED".

    Args:
        export: what `json.load` returns of the file.
        classes: the names of the classes.
        keys: the names of all items; without them the names in the tasks are taken as they are.
        none: the choice that stands for none of the classes.
        cannot_tell: the choice of somebody who cannot tell.
        cancelled: what an annotation becomes that was cancelled ("Skip"); None for no answer.
    """
    choices = {**{name: name for name in classes}, none: "UNKNOWN", cannot_tell: "SKIPPED"}
    known = None if keys is None else frozenset(keys)
    read = [
        _row(task, annotation, known, choices, cancelled)
        for task in _tasks(export)
        for annotation in _annotations(task)
    ]
    return Imported(tuple(_latest(read)))


def _tasks(export: Any) -> list[Mapping[str, Any]]:
    tasks = [export] if isinstance(export, Mapping) else export
    if not isinstance(tasks, list):
        raise ArgumentError(f"export must be a list of tasks, got {type(export).__name__}.")
    for at, task in enumerate(tasks):
        if not isinstance(task, Mapping) or not isinstance(task.get("data"), Mapping):
            raise ArgumentError(
                f"export[{at}] is no task with data, {task!r:.80}. Export as JSON, not as JSON-MIN."
            )
    return tasks


def _annotations(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of a task; before version 1.0 they were called completions."""
    found = task.get("annotations", task.get("completions")) or []
    return [each for each in found if isinstance(each, Mapping)]


@dataclass(frozen=True)
class _Dated:
    """A row, and when it was written."""

    row: Row
    date: str


def _row(
    task: Mapping[str, Any],
    annotation: Mapping[str, Any],
    keys: frozenset[str] | None,
    choices: Mapping[str, str],
    cancelled: str | None,
) -> _Dated:
    key = _key(task["data"], keys)
    said, became, why = _answer(annotation, choices, cancelled)
    if key is None:
        became, why = None, "no item of this name"
    row = Row(task.get("id"), key, _annotator(annotation), said, became, why)
    return _Dated(row, str(annotation.get("updated_at") or annotation.get("created_at") or ""))


def _answer(
    annotation: Mapping[str, Any], choices: Mapping[str, str], cancelled: str | None
) -> tuple[str, str | None, str]:
    """What was said, what it becomes, and why."""
    if annotation.get("was_cancelled"):
        return "cancelled", cancelled, "was_cancelled"
    said = _choices(annotation.get("result"))
    text = ", ".join(said)
    if len(said) != 1:
        return text, None, f"{len(said)} choices" if said else "no choice"
    became = choices.get(text, text if text in ("UNKNOWN", "SKIPPED") else None)
    return text, became, "" if became else "no class of this name"


def _choices(result: Any) -> list[str]:
    """All that was chosen in an annotation; only in our own group of choices, where it is there."""
    listed = result if isinstance(result, list) else []
    regions = [
        each for each in listed if isinstance(each, Mapping) and each.get("type") == "choices"
    ]
    own = [each for each in regions if each.get("from_name") == CHOICE]
    values = [each.get("value") for each in own or regions]
    lists = [each.get("choices") for each in values if isinstance(each, Mapping)]
    return [str(choice) for each in lists if isinstance(each, list) for choice in each]


def _annotator(annotation: Mapping[str, Any]) -> str:
    """Who: an address or a number, which Label Studio gives as it is or in a record."""
    by = annotation.get("completed_by")
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    name = "".join(letter for letter in str(by) if letter.isprintable())
    return "unnamed" if by is None or not name else name


def _key(data: Mapping[str, Any], keys: frozenset[str] | None) -> str | None:
    """The key of a task's item: the first of its possible names that is one."""
    names = [name for name in _names(data) if name]
    if keys is None:
        return names[0] if names else None
    return next((name for name in names if name in keys), None)


def _names(data: Mapping[str, Any]) -> Iterator[str]:
    """What the item may be called, the surest first."""
    if isinstance(data.get("openal_key"), str):
        yield data["openal_key"]
        return
    image = data.get("image")
    if not isinstance(image, str):
        return
    yield image
    address = urlsplit(image)
    local = parse_qs(address.query).get("d")  # /data/local-files/?d=photos/a.jpg
    path = local[0] if local else unquote(address.path)
    parts = path.strip("/").split("/")
    yield from ("/".join(parts[at:]) for at in range(len(parts)))
    yield UPLOADED.sub("", parts[-1])


def _latest(rows: Sequence[_Dated]) -> Iterator[Row]:
    """The rows; of an annotator's answers about one item only the latest is an answer."""
    last: dict[tuple[str | None, str], tuple[str, int]] = {}
    for at, (row, date) in enumerate((each.row, each.date) for each in rows):
        if row.became is not None:
            place = row.key, row.annotator
            last[place] = max(last.get(place, ("", -1)), (date, at))
    for at, row in enumerate(each.row for each in rows):
        replaced = row.became is not None and last[row.key, row.annotator][1] != at
        why = "a later one of the same annotator counts"
        yield Row(row.task, row.key, row.annotator, row.said, None, why) if replaced else row


def _cells(row: Row) -> tuple[str, ...]:
    became = "no answer" if row.became is None else row.became
    return str(row.task), str(row.key), row.annotator, row.said, became, row.why
