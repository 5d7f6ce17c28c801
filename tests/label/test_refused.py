"""What the server refuses: nothing is changed by it, and nothing served."""

import json
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest

from openal.label._gate import LARGEST_BODY
from tests.label.driving import TOKEN, Client
from tests.walking import walked


def raw(port: int, text: str | bytes, wait: float = 5.0) -> bytes:
    """What comes back for these bytes, until the connection is closed or nothing more comes."""
    content = text if isinstance(text, bytes) else text.encode("latin-1")
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(content)
        try:
            return connection.recv(65_536)
        except TimeoutError:
            return b""


def request(
    path: str = "look",
    body: bytes = b"{}",
    method: str = "POST",
    token: str = TOKEN,
    **headers: str,
) -> bytes:
    """The bytes of a request; headers of ours give way to those of the same name."""
    given = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    ours = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": f"{len(body)}",
    }
    lines = [f"{name}: {value}" for name, value in {**ours, **given}.items()]
    head = f"{method} /{token}/{path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("latin-1") + body


def answer(*indices: int) -> bytes:
    """A post that answers images with the first class."""
    fields = {"window": "window-one", "serial": 1, "hold": 1}
    return json.dumps({**fields, "answers": [[index, 0] for index in indices]}).encode()


ANSWER = answer(0, 1, 2)
REFUSED = {
    "another host": (request(host="evil.example"), 421),
    "another host that begins like ours": (request(host="127.0.0.1.evil.example"), 421),
    "a host with our address as a user": (request(host="127.0.0.1@evil.example"), 421),
    "no host": (b"GET /x/ HTTP/1.0\r\n\r\n", 421),
    "a host that is no host": (request(host="[::1"), 421),
    "another token": (request(token="x" * 32), 403),
    "a token that is too short": (request(token=TOKEN[:-1]), 403),
    "no token": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 403),
    "a token that is not ASCII": (request(token="%C3%A9" * 16), 403),
    "another page": (request(body=ANSWER, origin="http://evil.example"), 403),
    "another page at another port": (request(body=ANSWER, origin="http://127.0.0.1:1"), 403),
    "a page without an origin": (request(body=ANSWER, origin="null"), 403),
    "a form": (request(body=ANSWER, content_type="text/plain"), 415),
    "a form of another kind": (request(body=b"a=b", content_type="multipart/form-data"), 415),
    "a method that changes files": (request(method="PUT"), 405),
    "a method that asks": (request(method="OPTIONS"), 405),
    "an answer in an address": (request("answer?window=window-one", b"", "GET"), 405),
    "a huge body": (request(body=b" " * (LARGEST_BODY + 1)), 413),
    "a huge body that is only announced": (request(content_length="99999999999"), 413),
    "a huge body in chunks": (
        request(body=b"11170\r\n" + b" " * 70_000 + b"\r\n0\r\n\r\n", transfer_encoding="chunked")
        .replace(b"content-length: 70014\r\n", b""),
        400,
    ),
    "a body that is no JSON": (request(body=b"\xff{"), 400),
    "a body that is deep": (request(body=b"[" * 60_000), 400),
    "an unknown field": (request(body=b'{"window": "window-one", "path": "/etc/passwd"}'), 400),
    "an unknown id": (request("answer", answer(99)), 409),
    "a negative id": (request("answer", answer(-1)), 400),
    "a path upwards": (request("image/../../../etc/passwd", b"", "GET"), 404),
    "a path upwards in code": (request("image/..%2f..%2fetc%2fpasswd/small", b"", "GET"), 404),
    "a path for an index": (request("image/%2Fetc%2Fpasswd/screen", b"", "GET"), 404),
    "a name for an index": (request("image/000.png/screen", b"", "GET"), 404),
    "an index that is not there": (request("image/48/screen", b"", "GET"), 404),
    "a negative index": (request("image/-1/screen", b"", "GET"), 404),
    "an index of a thousand digits": (request(f"image/{'9' * 5000}/screen", b"", "GET"), 404),
    "an index in other digits": (request("image/%D9%A3/screen", b"", "GET"), 404),
    "a size that is not there": (request("image/3/9999", b"", "GET"), 404),
    "a path that is not there": (request("answers.db", b"", "GET"), 404),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a head without end": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, 400),
    "two hosts": (request(body=ANSWER).replace(b"host: ", b"host: evil.example\r\nhost: "), 400),
    "two lengths": (request(body=ANSWER).replace(b"host", b"content-length: 3\r\nhost"), 400),
}  # fmt: skip


@walked
@pytest.mark.parametrize("name", REFUSED)
def test_a_request_is_refused_and_nothing_changes(studio: SimpleNamespace, name: str) -> None:
    before = len(studio.work.labeled)
    content, status = REFUSED[name]
    reply = raw(studio.port, content)
    assert reply.startswith(f"HTTP/1.1 {status}".encode()), reply[:300]
    assert b"\x89PNG" not in reply and b"<!doctype" not in reply
    assert len(studio.work.labeled) == before


def test_half_a_request_changes_nothing_and_is_dropped(
    studio: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openal.label._protocol.WAIT", 0.3)
    monkeypatch.setattr("openal.label._app.PATIENCE", 0.3)
    before, whole = len(studio.work.labeled), request("answer", ANSWER)
    for part in (b"", whole[:40], whole[: len(whole) - 30]):
        with socket.create_connection(("127.0.0.1", studio.port), timeout=5) as connection:
            connection.sendall(part)
            while connection.recv(65_536):
                pass  # until it is closed by the other side
    assert len(studio.work.labeled) == before


def test_a_connection_that_is_kept_is_watched_anew(
    studio: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openal.label._protocol.WAIT", 0.3)
    with socket.create_connection(("127.0.0.1", studio.port), timeout=5) as connection:
        for part in (request("", b"", "GET", host="localhost"), b"GET /half"):
            connection.sendall(part)
            time.sleep(0.1)
        started = time.monotonic()
        while connection.recv(65_536):
            pass
    assert time.monotonic() - started < 3


@pytest.mark.long
def test_a_thousand_hostile_requests_change_nothing(
    studio: SimpleNamespace, client: Client
) -> None:
    rng = np.random.default_rng(0)
    while not client.look()["held"]:  # the first round is being chosen, which the ledger notes
        time.sleep(0.05)
    kinds, before = [*REFUSED.values()], studio.work.labeled.path.read_bytes()
    held: list[socket.socket] = []
    for number in range(1000):
        content, status = kinds[rng.integers(len(kinds))]
        if number % 5 == 4:  # half of it, and the connection stays
            held.append(socket.create_connection(("127.0.0.1", studio.port)))
            held[-1].sendall(content[: rng.integers(1, len(content))])
        else:
            assert raw(studio.port, content).startswith(f"HTTP/1.1 {status}".encode())
    assert client.look()["held"]  # people are served meanwhile
    for connection in held:
        connection.close()
    assert studio.work.labeled.path.read_bytes() == before
