"""Serves the page to this computer until it is interrupted."""

import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openal._image_reader import Reading
from openal._locks import file_lock
from openal._words import plural
from openal.errors import ArgumentError, MissingPackageError
from openal.label._address import Address, bound, keep_address, kept_address
from openal.label._desk import Desk
from openal.label._images import Images
from openal.label.work import Work

if TYPE_CHECKING:
    from uvicorn import Server

__all__ = ["serve", "server_of"]


def serve(
    work: Work, *, port: int = 0, browser: bool = True, reading: Reading | None = None
) -> None:
    """Serve the page of `work` at 127.0.0.1 until Ctrl+C; prints its address, with a token.

    Answers are in the ledger of `work` before the next image shows. Killed at any moment and
    started again, it goes on with what the open round has left, at the same address where the
    ledger is a file: windows that are open find it again by themselves.

    Args:
        work: what is asked about, and where the answers go.
        port: the port, or 0 for that of the last time or, where it is taken, any that is free.
        browser: whether to open the page in the browser.
        reading: how image files are read where they leave a choice.

    Raises:
        ArgumentError: a port that is taken, or a ledger whose page is served already.
        MissingPackageError: starlette and uvicorn are not installed.
    """
    path = work.labeled.path
    file = None if path is None else path.with_name(f".{path.name}.label")
    with _alone(file):
        before = kept_address(file)
        place = bound(port, before.port)
        address = Address(place.getsockname()[1], before.token)
        kept = None if file is None else file.with_name(f"{file.name}.held")
        server = server_of(work, address.token, reading, kept)
        keep_address(file, address)
        _say(f"Label {plural(len(work.names) - len(work.retired()), 'image')}: {address.url}")
        _say("An answer is on the disk when the next image shows. Ctrl+C ends it.")
        if browser:
            threading.Thread(target=webbrowser.open, args=[address.url], daemon=True).start()
        _run(server, place)


def server_of(
    work: Work, token: str, reading: Reading | None = None, kept: Path | None = None
) -> "Server":
    """A server that is not running yet; the file `kept` is for its leases."""
    try:
        from uvicorn import Config, Server

        from openal.label._app import app_of
        from openal.label._protocol import Impatient
    except ImportError as error:
        raise MissingPackageError(
            'openal label needs starlette and uvicorn: pip install "openal[label]".'
        ) from error
    images = Images(work.path_of, reading)
    desk = Desk(work, kept, sum_of=images.sum_of)
    desk.open()
    app = app_of(desk, images, token)
    return Server(
        Config(
            app,
            http=Impatient,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )


def _run(server: "Server", place: socket.socket) -> None:
    with place:
        server.run(sockets=[place])


@contextmanager
def _alone(file: Path | None) -> Iterator[None]:
    """Two servers would hand out the same images: the second is refused."""
    if file is None:
        yield
        return
    with file_lock(file.with_name(f"{file.name}.lock"), wait=False) as ours:
        if not ours:
            raise ArgumentError(
                f"the page is served already, by another `openal label`: open "
                f"{kept_address(file).url} instead."
            )
        yield


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
