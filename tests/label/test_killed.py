"""Killed at any moment: no answer that was acknowledged is lost, and none is asked twice."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import numpy as np
import pytest

from openal import LabeledSet
from tests.label.driving import Client
from tests.label.studio import CLASSES, work_in

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("OPENAL_KILLS", "10"))
"""At how many moments the server is killed."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the server is forked")


class Server:
    """The server of a folder, which comes back whenever it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.pid = folder, folder / "out", 0
        command = [sys.executable, "-m", "tests.label.studio", str(folder)]
        with self.out.open("w") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)

    def window(self) -> Client:
        """A window of the server, once it is there again."""
        while self.process.poll() is None:
            said = self.out.read_text()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/([^/]+)/\n", said)
            pid = int((self.folder / "pid").read_text()) if found else 0
            if found and pid != self.pid:
                self.pid = pid
                return Client(int(found[1]), found[2])
            time.sleep(0.02)
        raise AssertionError(self.out.read_text())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)
        with suppress(ProcessLookupError):  # it was killed last, and not yet made anew
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)


@contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server
    finally:
        server.end()


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
    window = server.window()
    window.serial = time.time_ns() // 1000
    while True:
        try:
            window.post("look", hold=0)
        except (OSError, HTTPException):
            time.sleep(0.01)
        else:
            return window
