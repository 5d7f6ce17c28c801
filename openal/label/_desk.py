"""What happens to a post: an answer is recorded, put back or taken back, once, and then comes more.

The ledger is the truth. The rest (who holds what, what was skipped) may be lost: the ledger then
says what is left to ask, and a post that is repeated changes nothing.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import numpy as np

from openal.errors import AnswerError, ArgumentError
from openal.label._kept_leases import keep_leases, kept_leases
from openal.label._leases import LEASE, MOST_WINDOWS, Leases
from openal.label._posts import Pairs, Post
from openal.label._rounds import Rounds
from openal.label._tally import counted, labels_of, recorded
from openal.label._why import why
from openal.label.work import Work

__all__ = ["ConflictError", "Desk"]


class ConflictError(Exception):
    """A post that cannot be: the image is in another window, or was answered already."""


@final
class Desk:
    """Hands out images and records what is said about them; threads may share it.

    The file `kept` remembers over a restart which window shows what. `sum_of` is the checksum of
    the file of an image as it was last shown.
    """

    def __init__(
        self,
        work: Work,
        kept: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        sum_of: Callable[[int], str | None] = lambda index: None,
    ) -> None:
        self.work, self.rounds, self._sum_of = work, Rounds(work), sum_of
        self._kept, self._before = kept, kept_leases(kept)
        self._lock, self._leases = threading.RLock(), Leases(clock, self._before)
        self._serials: dict[str, int] = {}
        self._loads: dict[str, int] = {}
        self._undone: list[int] = []  # of a round that is over: the ledger does not wait for them
        self._owners: dict[int, str] = {}

    def open(self) -> None:
        """Go on with the open round, or begin one, before anybody asks."""
        self.rounds.begin()

    def look(self, post: Post) -> dict[str, Any]:
        """What a window shows; its serial says when its page was loaded."""
        with self._lock:
            _note(self._loads, post)
            self.work.labeled.refresh()  # other programs may have answered
            return self._shown(post)

    def answer(self, post: Post) -> dict[str, Any]:
        """Record answers, all or none; on disk when this returns."""
        return self._once(post, self._record, self._was_recorded)

    def undo(self, post: Post) -> dict[str, Any]:
        """Take back answers of this window, which then shows their images again."""
        return self._once(post, self._retract, self._was_retracted)

    def skip(self, post: Post) -> dict[str, Any]:
        """Put images back: they are asked again after all others of the round."""
        return self._once(post, self._put_back, lambda post: True)

    def add_class(self, post: Post) -> dict[str, Any]:
        """Add a class at the end; one that is there already changes nothing."""
        return self._once(post, self._add_class, lambda post: post.name in self._classes())

    def again(self, post: Post) -> dict[str, Any]:
        """Try once more to begin a round."""
        with self._lock:
            self.rounds.begin()
            return self._shown(post)

    def leave(self, post: Post) -> None:
        """A window was closed; when it was loaded anew and has said so already, it was not."""
        with self._lock:
            if self._loads.get(post.window) == post.serial:
                self._leases.leave(post.window)

    def _once(
        self, post: Post, change: Callable[[Post], None], is_done: Callable[[Post], bool]
    ) -> dict[str, Any]:
        """Do what a post wants, unless it was done before and only its reply was lost."""
        with self._lock:
            self._leases.touch(post.window)
            if post.serial > self._serials.get(post.window, -1):
                change(post)
                _note(self._serials, post)
            elif not is_done(post):
                raise ConflictError("This came late: another change was made since.")
            return self._shown(post)

    # --- changes

    def _record(self, post: Post) -> None:
        for index, _ in post.answers:
            if self._leases.is_elsewhere(index, post.window):
                raise ConflictError("This image is in another window now.")
        waiting = {*self._waiting()}
        strangers = tuple(pair for pair in post.answers if pair[0] not in waiting)
        if strangers and not self._are_recorded(strangers):
            raise ConflictError("This image is not asked, or was answered elsewhere.")
        indices = [index for index, _ in post.answers]
        try:
            self.work.labeled.add(
                indices, [answer for _, answer in post.answers], annotator=post.annotator
            )
        except AnswerError as error:  # another program was faster, or there is no such class
            raise ConflictError(str(error)) from error
        sums = {index: (answer, self._sum_of(index)) for index, answer in post.answers}
        self.work.note({at: (answer, of) for at, (answer, of) in sums.items() if of is not None})
        self._leases.drop(indices)
        self._undone = [index for index in self._undone if index not in indices]
        self._owners.update(dict.fromkeys(waiting.intersection(indices), post.window))

    def _retract(self, post: Post) -> None:
        indices = [index for index, _ in post.answers]
        if self._was_retracted(post):
            return
        if any(self._owners.get(index, post.window) != post.window for index in indices):
            raise ConflictError("Another window gave this answer.")
        if not self._are_recorded(post.answers):
            raise ConflictError("This answer was changed since.")
        self.work.labeled.retract(indices)
        pending = {*self.work.labeled.pending_indices.tolist()}
        self._undone += [index for index in indices if index not in pending]
        self._leases.lead(post.window, indices)

    def _put_back(self, post: Post) -> None:
        held = self._leases.held(post.window)
        if not {*post.indices} <= {*held}:
            raise ConflictError("This image is not in this window.")
        self._leases.put_back(post.indices)

    def _add_class(self, post: Post) -> None:
        add = self.work.add_class
        if add is None:
            raise ConflictError("Classes cannot be added here.")
        if post.name in self._classes():
            return
        try:
            add(post.name)
            self.work.labeled.refresh()
        except ArgumentError as error:
            raise ConflictError(str(error)) from error

    # --- what was done before

    def _was_recorded(self, post: Post) -> bool:
        return self._are_recorded(post.answers)

    def _was_retracted(self, post: Post) -> bool:
        return all(recorded(self.work.labeled, index) is None for index, _ in post.answers)

    def _are_recorded(self, pairs: Pairs) -> bool:
        return all(recorded(self.work.labeled, index) == answer for index, answer in pairs)

    # --- what a window shows

    def _queue(self) -> list[int]:
        """What is asked now; a round that is only beginning is not."""
        return [*self._undone] if self.rounds.busy else self._waiting()

    def _waiting(self) -> list[int]:
        """What an answer is awaited for: what was taken back late, then the rest of the round."""
        pending: list[int] = self.work.labeled.pending_indices.tolist()
        if self._undone:
            self._undone = [
                index
                for index in self._undone
                if index not in pending and recorded(self.work.labeled, index) is None
            ]
        return self._undone + pending

    def _classes(self) -> tuple[str, ...]:
        return self.work.labeled.classes

    def _shown(self, post: Post) -> dict[str, Any]:
        self._leases.touch(post.window)
        queue = self._queue()
        rounds = self.rounds
        if not queue and not (rounds.busy or rounds.exhausted or rounds.failure):
            rounds.begin()
        held, soon = self._leases.give(post.window, queue, post.hold)
        self._keep()
        return {
            "phase": self._phase(bool(queue), bool(held) or not post.hold),
            "message": rounds.failure,
            "held": [self._question(index) for index in held],
            "soon": soon,
            "classes": [*self._classes()],
            "can_add": self.work.add_class is not None,
            "lease": LEASE,
            **self._progress(len(queue)),
        }

    def _keep(self) -> None:
        held = self._leases.all_held()
        if held != self._before:
            keep_leases(self._kept, held)
            self._before = held

    def _phase(self, is_waiting: bool, has_some: bool) -> str:
        if is_waiting:
            return "ask" if has_some else "elsewhere"
        rounds = self.rounds
        return "failed" if rounds.failure else "choosing" if rounds.busy else "done"

    def _question(self, index: int) -> dict[str, Any]:
        facts = self.rounds.facts
        return {
            "index": index,
            "name": str(self.work.names[index]).encode(errors="replace").decode(),
            "place": facts.place.get(index),
            "why": why(facts, index),
        }

    def _progress(self, left: int) -> dict[str, Any]:
        facts, labels = self.rounds.facts, labels_of(self.work.labeled)
        there = np.delete(labels, [*self.work.retired()])
        by_class = np.bincount(there[there >= 0], minlength=len(self._classes()))
        return {
            "round": {
                "number": facts.number,
                "size": len(facts.indices),
                "left": left,
                "expected": facts.expected,
                **counted(labels[facts.indices]).as_json(),
            },
            "past": [counts.as_json() for counts in facts.past[-20:]],
            "total": {"images": len(there), **counted(there).as_json()},
            "by_class": by_class.tolist(),
            "advice": facts.advice,
        }


def _note(serials: dict[str, int], post: Post) -> None:
    """Keep the serial of a window; those of the windows that were silent longest are forgotten."""
    serials.pop(post.window, None)
    serials[post.window] = post.serial
    for window in [*serials][:-MOST_WINDOWS]:
        del serials[window]
