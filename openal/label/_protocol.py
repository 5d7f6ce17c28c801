"""HTTP as uvicorn speaks it, but without endless patience for half a request."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["WAIT", "Impatient"]

WAIT = 10.0
"""Seconds in which the head of a request must be there; its body is the app's affair."""


class Impatient(H11Protocol):
    """Closes a connection that sends no whole head of a request for `WAIT` seconds.

    uvicorn itself would keep half of one as long as the other side likes.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A connection: its first request is awaited."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """More of a request: a whole head ends the watch, a part of one begins it."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._watch()
        else:
            self._unwatch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(WAIT, self._close)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
