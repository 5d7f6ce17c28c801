"""An interrupt at any line of a call: the labeled set is as before or as after, and goes on."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

import openal
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import _journal, read_whole

HERE = str(Path(openal.__path__[0]))


class Interrupt:
    """Raises KeyboardInterrupt at a line, counted from the first that runs in `openal`."""

    def __init__(self, line: int) -> None:
        self.line, self.seen, self.where = line, 0, ""

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(HERE):
            return None  # what it calls is seen all the same, as a call
        if event == "line":
            self.seen += 1
            if self.seen == self.line:
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self


def interrupted(call: Callable[[], object], line: int) -> Interrupt:
    """The call, with an interrupt at a line; beyond its last line there is none."""
    interrupt, before = Interrupt(line), sys.gettrace()
    sys.settrace(interrupt)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return interrupt


def begun(path: Path | None, name: str) -> LabeledSet:
    """What the call of that name is made on: a round is open, for `begin_round` it is complete."""
    labeled = LabeledSet(20, 3, path)
    labeled.add([0, 1], [0, UNKNOWN], annotator="ann")
    labeled.begin_round(SimpleNamespace(indices=[5, 6, 7], scores=[3.0, 2.0, 1.0]))
    labeled.add([6], [2])
    if name == "begin_round":
        labeled.add([5, 7], [0, SKIPPED])
    return labeled


def asked_next(labeled: LabeledSet) -> None:
    labeled.begin_round(SimpleNamespace(indices=[9, 8], purity=[1.0, 0.5]))


CALLS: dict[str, Callable[[LabeledSet], object]] = {
    "add": lambda labeled: labeled.add([7, 3, 1, 5], [1, 0, UNKNOWN, SKIPPED], annotator="bob"),
    "relabel": lambda labeled: labeled.relabel([0, 6], [1, UNKNOWN], annotator="bob"),
    "retract": lambda labeled: labeled.retract([0, 6]),
    "begin_round": asked_next,
    "abandon_round": LabeledSet.abandon_round,
    "opinion": lambda labeled: labeled.add([0, 7, 3], [1, 2, 0], annotator="bob"),
    "add_class": lambda labeled: labeled.add_class("new"),
    "refresh": LabeledSet.refresh,
    "read": lambda labeled: said(labeled),
}
EACH = {} if os.environ.get("OPENAL_SLOW") else {"opinion": 7, "add_class": 7}
"""At every which line: most of these calls is what the others do."""


def said(labeled: LabeledSet) -> list[Any]:
    rounds = [(r.indices.tolist(), r.labels.tolist(), r.begun) for r in labeled.history]
    arrays = [a.tolist() for a in (*labeled.answers(), labeled.skipped_indices)]
    others = labeled.disagreements, labeled.num_classes
    return [
        arrays,
        labeled.pending_indices.tolist(),
        rounds,
        labeled.annotators,
        len(labeled),
        others,
    ]


def states(name: str) -> list[Any]:
    """What is said before a call and after it."""
    first, last = begun(None, name), begun(None, name)
    CALLS[name](last)
    return [said(first), said(last)]


def require_usable(labeled: LabeledSet, where: str) -> None:
    """It takes the next calls as if nothing had been."""
    if len(labeled.pending_indices):
        labeled.add(labeled.pending_indices, [1] * len(labeled.pending_indices))
    labeled.begin_round(SimpleNamespace(indices=[15, 16]))
    labeled.add([15, 16, 17], [0, 1, 2])
    assert len(labeled.history[-1].indices) == 1, where
    asked = [index for each in labeled.history for index in each.indices if each.begun]
    assert len({*asked}) == len(asked), where


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of calls wait for the disk."""
    memory = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.long
@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
@pytest.mark.parametrize("name", CALLS)
def test_it_is_as_before_or_as_after_and_goes_on(
    quick: Path,
    name: str,
    on_disk: bool,
    record_property: Callable[[str, object], None],
) -> None:
    call = CALLS[name]
    expected, line, interrupt = states(name), 0, None
    begun(quick / "begun.db", name)
    while interrupt is None or interrupt.where:
        line += EACH.get(name, 1)
        path = Path(shutil.copy(quick / "begun.db", quick / "now.db")) if on_disk else None
        labeled = LabeledSet(20, 3, path) if on_disk else begun(None, name)
        interrupt = interrupted(lambda labeled=labeled: call(labeled), line)
        assert said(labeled) in expected, interrupt.where
        labeled.refresh()
        seen = said(labeled)
        assert seen in expected, interrupt.where
        if path is not None:
            assert said(LabeledSet(20, labeled.classes, path)) == seen, interrupt.where
        require_usable(labeled, interrupt.where)
        if path is not None:
            assert len(read_whole(path).answers.labels) == len(labeled), interrupt.where
    record_property("lines", line - 1)
    assert line > 2 * EACH.get(name, 1)


@pytest.mark.long
def test_an_error_that_is_kept_holds_no_lock_on_the_file(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a notebook keeps the last one, with all that its frames refer to."""
    monkeypatch.setattr(_journal, "WAIT", 1.0)
    path, kept = quick / "answers.db", list[BaseException]()
    for line in range(1, 180):
        labeled, other = LabeledSet(400, 3, path), LabeledSet(400, 3, path)
        before = sys.gettrace()
        sys.settrace(Interrupt(line))
        try:
            labeled.add([line], [0])
        except KeyboardInterrupt as error:
            kept.append(error)
        finally:
            sys.settrace(before)
        labeled.add([line], [0])
        other.add([line + 200], [0])
    assert len(kept) == 179
