"""Desks without a server, and the windows at them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from openal import LabeledSet
from openal.label import Work
from openal.label._desk import Desk
from openal.label._posts import Post
from openal.label._tally import recorded

A, B = "window-a", "window-b"


def work(size: int = 12, budget: int = 4, path: Path | None = None, **changes: Any) -> Work:
    """Images in the order of their indices, a few each round."""
    labeled = LabeledSet(size, ["cat", "dog"], path=path)

    def ask() -> None:
        indices = labeled.unlabeled_indices[:budget]
        if len(indices):
            scores = np.linspace(1, 0.5, len(indices))
            labeled.begin_round(SimpleNamespace(indices=indices, scores=scores, purity=scores))

    names = [f"{index}.jpg" for index in range(size)]
    return replace(Work("Pets", names, labeled, lambda index: Path("no"), ask), **changes)


def desk_of(given: Work | None = None, **settings: Any) -> Desk:
    desk = Desk(given or work(), **settings)
    desk.open()
    desk.rounds.wait()
    return desk


class Window:
    """A window that numbers its posts."""

    def __init__(self, desk: Desk, name: str = A) -> None:
        self.desk, self.name, self.serial = desk, name, 0

    def post(self, **fields: Any) -> Post:
        self.serial += 1
        return Post(self.name, **{"serial": self.serial, "hold": 1, **fields})

    def look(self, hold: int = 1) -> list[int]:
        return held(self.desk.look(Post(self.name, hold=hold)))

    def answer(self, *pairs: tuple[int, int], **fields: Any) -> dict[str, Any]:
        return self.desk.answer(self.post(answers=pairs, **fields))

    def undo(self, *pairs: tuple[int, int], **fields: Any) -> dict[str, Any]:
        return self.desk.undo(self.post(answers=pairs, **fields))


def held(state: dict[str, Any]) -> list[int]:
    return [question["index"] for question in state["held"]]


def answers_of(desk: Desk) -> dict[int, int | None]:
    labeled = desk.work.labeled
    there = {index: recorded(labeled, index) for index in range(labeled.size)}
    return {index: answer for index, answer in there.items() if answer is not None}
