"""Who may come in: requests from this computer, with the token in their address, of a sane size.

A page of another site, in the same browser, can send requests to a loopback address too. It does
not know the token; and by a name of its own that leads here (DNS rebinding) it gets nothing either,
because `Host` then holds that name.
"""

import hmac
from collections.abc import Iterable, Iterator
from typing import final
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LARGEST_BODY", "Gate"]

HOSTS = {"127.0.0.1", "localhost", "::1"}
METHODS = {"GET", "HEAD", "POST"}
LARGEST_BODY = 64 * 1024  # bytes

HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every reply: no other site may frame, read or learn the address of what is here."""


@final
class Gate:
    """Hands on what may come in, with a path without its token, and refuses the rest.

    The `app` sees no request that the gate refused.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = _with_headers(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        path = f"/{scope['path'].split('/', 2)[2]}"
        await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        if _host(_values(headers, "host")) not in HOSTS:
            return _refused(421, "Host must be this computer: 127.0.0.1 or localhost.")
        if not self._has_token(scope["path"]):
            return _refused(403, "The address lacks its token. Open the one in the terminal.")
        if scope["method"] not in METHODS:
            return _refused(405, "GET and POST are understood.")
        if scope["path"].count("/") == 1:  # typed without its last stroke
            return RedirectResponse(f"{scope['path']}/")
        if scope["method"] == "POST":
            return _refused_post(headers)
        return None

    def _has_token(self, path: str) -> bool:
        given = path.split("/", 2)[1] if path.startswith("/") else ""
        return hmac.compare_digest(given.encode(), self._token)


def _refused_post(headers: list[tuple[str, str]]) -> PlainTextResponse | None:
    """What a page of ours would not send."""
    hosts, origins = _values(headers, "host"), _values(headers, "origin")
    if origins and (len(origins) > 1 or urlsplit(origins[0]).netloc != hosts[0]):
        return _refused(403, "Another page may not send answers.")
    kinds = [kind.partition(";")[0].strip() for kind in _values(headers, "content-type")]
    if kinds != ["application/json"]:
        return _refused(415, "JSON was expected.")
    if any(_is_too_large(length) for length in _values(headers, "content-length")):
        return _refused(413, f"At most {LARGEST_BODY} bytes were expected.")
    return None


def _is_too_large(length: str) -> bool:
    return (
        not (length.isascii() and length.isdigit() and len(length) < 10)
        or int(length) > LARGEST_BODY
    )


def _host(values: Iterable[str]) -> str:
    """The name in the only `Host`, without its port: a tunnel has another one here and there."""
    hosts = [*values]
    try:
        return (urlsplit(f"//{hosts[0]}").hostname or "") if len(hosts) == 1 else ""
    except ValueError:
        return ""


def _values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _refused(status: int, why: str) -> PlainTextResponse:
    return PlainTextResponse(why, status, headers={"connection": "close"})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *_missing(given)]}
        await send(message)

    return sending


def _missing(given: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in {**HEADERS, "cache-control": "no-store"}.items():
        if name.encode() not in given:
            yield name.encode(), value.encode()
