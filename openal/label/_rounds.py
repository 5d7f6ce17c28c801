"""The open round, and a thread that begins the next one."""

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from openal.errors import AnswerError, OpenALError
from openal.label._tally import Counts, advice, counted, expected_share
from openal.label.work import Work
from openal.view import Round

__all__ = ["Facts", "Rounds"]

TRIES = 3


@dataclass(frozen=True, eq=False)
class Facts:
    """What does not change while a round is open.

    `number` counts the rounds from 1, `indices` [b] are what it asks, `place` says where each of
    them stands in the query, from 1. `past` are the counts of the rounds before it. `expected` is
    the share of it that should be unknown, `advice` whether to stop, `reasons` are why each image
    was chosen; these come a moment later.
    """

    number: int
    indices: np.ndarray
    purity: np.ndarray | None = None
    informativeness: np.ndarray | None = None
    past: tuple[Counts, ...] = ()
    expected: float | None = None
    advice: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)
    place: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        places = {index: at + 1 for at, index in enumerate(self.indices.tolist())}
        object.__setattr__(self, "place", places)


NO_ROUND = Facts(0, np.empty(0, np.int64))


@final
class Rounds:
    """Begins rounds; `facts` are those of the last one.

    `busy` while the next one is chosen, `failure` is what went wrong with that, and `exhausted` is
    whether there was nothing left to ask.
    """

    def __init__(self, work: Work) -> None:
        self._work, self._lock = work, threading.Lock()
        self._thread: threading.Thread | None = None
        self.facts, self.busy, self.exhausted, self.failure = NO_ROUND, False, False, ""

    def begin(self) -> None:
        """Go on with the open round, or begin the next one, in a thread; at once where one runs."""
        with self._lock:
            if self.busy:
                return
            self.busy, self.failure, self.exhausted = True, "", False
            # A daemon: an interrupted server does not wait for a query.
            self._thread = threading.Thread(target=self._run, name="next round", daemon=True)
            self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until the thread is done, or the seconds are over."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._begin()
        except OpenALError as error:
            self.failure = str(error)
        except Exception as error:  # the page offers to try again, and the terminal shows where
            self.failure = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        finally:
            self.busy = False
        try:
            self._judge()
        except Exception:  # without it people can answer, too
            traceback.print_exc()

    def _begin(self) -> None:
        labeled = self._work.labeled
        labeled.refresh()
        if not len(labeled.pending_indices):
            _tried(self._work.ask)
            labeled.refresh()
        self.exhausted = not len(labeled.pending_indices)
        with self._lock:
            self.facts = _facts(labeled.history, self.facts)

    def _judge(self) -> None:
        """What takes a second or more: the page does not wait for it."""
        facts = self.facts
        if not facts.number:
            return
        history = [past for past in self._work.labeled.history if past.begun]
        before = history[: facts.number - 1]
        expected = expected_share(facts.purity, before)
        self._learned(facts.number, expected=expected, advice=advice(before, expected))
        if not self.exhausted:
            self._learned(facts.number, reasons=self._work.reasons())

    def _learned(self, number: int, **facts: Any) -> None:
        """More about a round, if it is still the last one."""
        with self._lock:
            if self.facts.number == number:
                self.facts = replace(self.facts, **facts)


def _tried(ask: Callable[[], object]) -> None:
    """Ask again where an answer came meanwhile about what was chosen."""
    for left in reversed(range(TRIES)):
        try:
            ask()
        except AnswerError:
            if not left:
                raise
        else:
            return


def _facts(history: Sequence[Round], otherwise: Facts) -> Facts:
    begun = [past for past in history if past.begun]
    if not begun:
        return otherwise
    last = begun[-1]
    counts = tuple(counted(past.labels) for past in begun[:-1])
    return Facts(len(begun), last.indices, last.purity, last.informativeness, counts)
