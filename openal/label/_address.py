"""The address of the page, the same after a restart: windows that are open go on."""

import json
import os
import re
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from openal.errors import ArgumentError

__all__ = ["Address", "bound", "keep_address", "kept_address"]

HOST = "127.0.0.1"
TOKEN = re.compile("[A-Za-z0-9_-]{32}")


@dataclass(frozen=True)
class Address:
    """Where the page is: a `port` of this computer, and a `token` that nobody can guess."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """As a browser takes it."""
        return f"http://{HOST}:{self.port}/{self.token}/"


def kept_address(path: Path | None) -> Address:
    """The address in a file; a new one, with any port, where there is none."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        if path is not None:
            fields = json.loads(path.read_text(encoding="ascii"))
            if TOKEN.fullmatch(fields["token"]) and 0 < int(fields["port"]) < 2**16:
                return Address(int(fields["port"]), fields["token"])
    return Address(0, secrets.token_urlsafe(24))


def keep_address(path: Path | None, address: Address) -> None:
    """Write the address where only its owner can read it; without a file nothing is kept."""
    if path is None:
        return
    with suppress(FileNotFoundError):
        path.unlink()  # it may be a link, or readable by others
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump({"port": address.port, "token": address.token}, file)


def bound(port: int, before: int) -> socket.socket:
    """A socket at a port; at port 0 the one of `before` where it is free, or any."""
    if port:
        return _bound(port)
    with suppress(ArgumentError):
        return _bound(before)
    return _bound(0)


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    if sys.platform != "win32":  # there it would let two servers share a port
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen()
    except (OSError, OverflowError) as error:
        made.close()
        raise ArgumentError(f"port {port} cannot be used: {error}. --port 0 finds one.") from error
    return made
