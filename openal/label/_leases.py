"""Who looks at which image: an image is in one window at a time, until it is answered."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import final

__all__ = ["LEASE", "MOST_WINDOWS", "Leases"]

LEASE = 120.0
"""Seconds after the last sign of life of a window until its images go to others."""

MOST_WINDOWS = 1000


@final
class Leases:
    """The images that each window holds, and those that it will probably get next.

    What comes next is a hint, for fetching ahead: nobody holds it, and where nothing else is left
    another window gets it. `clock` tells seconds; `held` is who held what before.
    """

    def __init__(
        self, clock: Callable[[], float], held: Mapping[str, list[int]] | None = None
    ) -> None:
        self._clock = clock
        self._held: dict[str, list[int]] = {**(held or {})}
        self._soon: dict[str, list[int]] = {}
        self._seen = dict.fromkeys(self._held, clock())
        self._later: dict[int, int] = {}  # put back, and the how-manieth that was
        self._turns = count(1)

    def touch(self, window: str) -> None:
        """Note a sign of life of a window; those that gave none for `LEASE` seconds hold nothing.

        The window that was silent longest is forgotten where there are too many.
        """
        now = self._clock()
        self._seen.pop(window, None)
        self._seen[window] = now
        silent = [name for name, seen in self._seen.items() if now - seen > LEASE]
        for name in silent or [*self._seen][:-MOST_WINDOWS]:
            self.leave(name)

    def leave(self, window: str) -> None:
        """A window is gone: what it held is free."""
        for kept in (self._held, self._soon, self._seen):
            kept.pop(window, None)

    def held(self, window: str) -> list[int]:
        """What a window holds, in the order in which it shows."""
        return [*self._held.get(window, [])]

    def all_held(self) -> dict[str, list[int]]:
        """What each window holds."""
        return {window: [*held] for window, held in self._held.items() if held}

    def is_elsewhere(self, index: int, window: str) -> bool:
        """Whether another window holds an image."""
        return any(index in held for name, held in self._held.items() if name != window)

    def give(self, window: str, queue: Sequence[int], most: int) -> tuple[list[int], list[int]]:
        """What a window holds from now on, at most `most` of the queue, and what comes next.

        It keeps what it has, as long as the queue has it.
        """
        waiting = {*queue}
        mine = [index for index in self._held.get(window, []) if index in waiting][:most]
        free = self._free(window, queue, {*mine})
        take = most - len(mine)
        mine += free[:take]
        self._held[window] = mine
        reserved = self._reserved(window)
        soon = [index for index in free[max(take, 0) :] if index not in reserved][: max(most, 1)]
        self._soon[window] = soon
        return [*mine], [*soon]

    def lead(self, window: str, indices: Iterable[int]) -> None:
        """A window shows these images first, before what it holds."""
        first = [*indices]
        rest = [index for index in self._held.get(window, []) if index not in first]
        self._held[window] = first + rest

    def put_back(self, indices: Iterable[int]) -> None:
        """Nobody holds these images, and all others come before them."""
        dropped = [*indices]
        self.drop(dropped)
        for index in dropped:
            self._later[index] = next(self._turns)

    def drop(self, indices: Collection[int]) -> None:
        """Nobody holds these images any more."""
        for index in indices:
            self._later.pop(index, None)
        for held in self._held.values():
            held[:] = [index for index in held if index not in indices]

    def _free(self, window: str, queue: Sequence[int], mine: set[int]) -> list[int]:
        """What nobody else holds: what this window had or awaits, the rest, what others await."""
        taken = mine.union(*(held for name, held in self._held.items() if name != window))
        reserved = self._reserved(window)
        own = [*self._held.get(window, []), *self._soon.get(window, [])]
        place = {index: at for at, index in enumerate(own)}
        free = [index for index in queue if index not in taken]
        return sorted(
            free,
            key=lambda index: (
                self._later.get(index, 0),
                index in reserved,
                place.get(index, len(place)),
            ),
        )

    def _reserved(self, window: str) -> set[int]:
        """What was announced to other windows."""
        return {i for name, soon in self._soon.items() if name != window for i in soon}
