"""Killed at any moment: no answer that was acknowledged is lost, and none is asked twice."""

import os
import threading
import time
from http.client import HTTPException
from pathlib import Path

import numpy as np
import pytest

from openal import LabeledSet
from tests.label.driving import Client, Server, server_in
from tests.label.studio import CLASSES, work_in

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("OPENAL_KILLS", "10"))
"""At how many moments the server is killed."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the server is forked")


class Person:
    """Answers what is shown, and sends again what was not acknowledged, as the page does."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, int] = {}
        self.sent: tuple[int, int] | None = None

    def answer_until_it_is_gone(self, window: Client) -> None:
        try:
            while True:
                self.answer(window)
        except (OSError, HTTPException):
            return

    def answer(self, window: Client) -> None:
        if self.sent is None:
            held = window.post("look")["held"]
            if not held:  # it is choosing
                return
            index = held[0]["index"]
            assert index not in self.acknowledged, "asked twice"
            self.sent = index, index % len(CLASSES)
        window.post("answer", answers=[[*self.sent]])
        self.acknowledged[self.sent[0]] = self.sent[1]
        self.sent = None


@pytest.mark.long
def test_no_acknowledged_answer_is_lost_and_none_is_asked_twice(tmp_path: Path) -> None:
    work = work_in(tmp_path, size=60 * KILLS, budget=7)
    rng, person = np.random.default_rng(7), Person()
    with server_in(tmp_path) as server:
        for _ in range(KILLS):
            window = reached(server)
            killer = threading.Timer(rng.uniform(0, 0.4), server.kill)
            killer.start()
            person.answer_until_it_is_gone(window)
            killer.join()
    labeled = LabeledSet(work.labeled.size, CLASSES, path=work.labeled.path)
    recorded = dict(zip(labeled.known_indices.tolist(), labeled.known_labels.tolist(), strict=True))
    unsure = set() if person.sent is None else {person.sent[0]}
    assert len(person.acknowledged) >= KILLS
    assert person.acknowledged.items() <= recorded.items()
    assert recorded.keys() - person.acknowledged.keys() <= unsure


def reached(server: Server) -> Client:
    """A window whose server answers; its posts are numbered on from those of any other."""
    window = Client(*server.address())
    window.serial = time.time_ns() // 1000
    while True:
        try:
            window.post("look", hold=0)
        except (OSError, HTTPException):
            time.sleep(0.01)
        else:
            return window
