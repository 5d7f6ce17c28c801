"""The page's server, driven over HTTP as the page drives it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from openal.label import Work
from openal.label._address import bound
from openal.label.serve import server_of

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "t" * 32
WINDOW = "window-one"
OTHER = "window-two"


@contextmanager
def served(work: Work) -> Iterator[int]:
    """The port of a server in a thread."""
    place = bound(0, 0)
    server = server_of(work, TOKEN)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    try:
        yield place.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        place.close()


class Client:
    """A window of the page, without its looks."""

    def __init__(self, port: int, token: str = TOKEN, window: str = WINDOW) -> None:
        self.port, self.token, self.window, self.serial = port, token, window, 0

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, bytes]:
        """The status and the content of a reply; `body` is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        kind = {"Content-Type": "application/json"} if method == "POST" else {}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, f"/{self.token}/{path}", content, {**kind, **headers})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        """The state after a post that is not refused."""
        status, content = self.send(path, **fields)
        assert status == 200, (status, content)
        return json.loads(content)

    def send(self, path: str, **fields: Any) -> tuple[int, bytes]:
        """The status of a post with the next serial, and the reply."""
        self.serial += 1
        body = {"window": self.window, "serial": self.serial, "hold": 1, **fields}
        return self.request("POST", path, body)

    def look(self, hold: int = 1, until: str = "ask") -> dict[str, Any]:
        """What the window shows, once it is in a phase."""
        for _ in range(200):
            state = self.post("look", hold=hold)
            if state["phase"] == until:
                return state
            time.sleep(0.02)
        raise AssertionError(state)


class Server:
    """The server of a folder, which comes back whenever it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.pid = folder, folder / "out", 0
        command = [sys.executable, "-m", "tests.label.studio", str(folder)]
        with self.out.open("w") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)

    def address(self) -> tuple[int, str]:
        """Its port and its token, once it is there again."""
        while self.process.poll() is None:
            said = self.out.read_text()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/([^/]+)/\n", said)
            pid = int((self.folder / "pid").read_text()) if found else 0
            if found and pid != self.pid:
                self.pid = pid
                return int(found[1]), found[2]
            time.sleep(0.02)
        raise AssertionError(self.out.read_text())

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """End it for good."""
        self.process.kill()
        self.process.wait(10)
        with suppress(ProcessLookupError):  # it was killed last, and not yet made anew
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)


@contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    """A server of a folder until the end of the block."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.end()
