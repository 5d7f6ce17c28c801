"""The server's pages: the page itself, images by index, and posts, each in a thread."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from openal.errors import OpenALError
from openal.label._desk import ConflictError, Desk
from openal.label._gate import LARGEST_BODY, Gate
from openal.label._images import SIDES, Images, UnreadableError
from openal.label._page import page_of, policy_of
from openal.label._posts import BadPostError, Post, post_of

__all__ = ["PATIENCE", "app_of"]

PATIENCE = 10.0
"""Seconds that a request may take to arrive."""

DECODERS = 2
"""How many images are decoded at a time: a large one takes half a gigabyte."""

Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(desk: Desk, images: Images, token: str) -> Gate:
    """The whole server, behind its gate."""
    posts = {
        "look": desk.look,
        "answer": desk.answer,
        "undo": desk.undo,
        "skip": desk.skip,
        "class": desk.add_class,
        "again": desk.again,
        "leave": desk.leave,
    }
    routes = [
        Route("/", _page(desk.work.title), methods=["GET"]),
        Route("/image/{index}/{size}", _image(images, desk.work.names), methods=["GET"]),
        *(
            Route(f"/{name}", _posted(change, desk), methods=["POST"])
            for name, change in posts.items()
        ),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Gate(app, token)


def _page(title: str) -> Endpoint:
    page = page_of(title)
    headers = {"content-security-policy": policy_of(page)}

    async def shown(request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return shown


def _image(images: Images, names: Sequence[str]) -> Endpoint:
    limiter = CapacityLimiter(DECODERS)

    async def shown(request: Request) -> Response:
        index, size = request.path_params["index"], request.path_params["size"]
        if not _is_index(index, len(names)) or size not in SIDES:
            return PlainTextResponse("There is no such image.", 404)
        try:
            made = await to_thread.run_sync(images.encoded, int(index), size, limiter=limiter)
        except UnreadableError as error:
            return PlainTextResponse(str(error).encode(errors="replace"), 415)
        # A browser keeps it, and asks before it shows it again: the file may be another by then.
        tag = f'"{made.tag}"'
        headers = {"cache-control": "private, no-cache", "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(made.content, media_type=made.kind, headers=headers)

    return shown


def _is_index(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16 and int(text) < count


def _posted(change: Callable[[Post], Any], desk: Desk) -> Endpoint:
    async def done(request: Request) -> Response:
        try:
            post = post_of(await _body(request))
            return JSONResponse(await to_thread.run_sync(change, post))
        except BadPostError as error:
            return PlainTextResponse(f"{error}", 400)
        except TimeoutError:
            return PlainTextResponse("The request did not arrive.", 408, {"connection": "close"})
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        except ConflictError as error:
            state = await to_thread.run_sync(desk.look, post)
            return JSONResponse({**state, "conflict": str(error)}, 409)
        except (OpenALError, OSError) as error:  # the ledger is locked, say, or the disk is full
            return PlainTextResponse(str(error).encode(errors="replace"), 503)

    return done


async def _body(request: Request) -> bytes:
    """The body, which must be small and must come soon."""
    body = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise BadPostError(f"at most {LARGEST_BODY} bytes were expected")
    return bytes(body)
