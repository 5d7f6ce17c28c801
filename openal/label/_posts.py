"""What a window sends, checked field by field: nothing of it is trusted."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST", "BadPostError", "Pairs", "Post", "post_of"]

Pairs = tuple[tuple[int, int], ...]
"""Indices, each with its answer."""

MOST = 64
"""How many images a window may hold, and how many answers it may send at once."""

LARGEST = 2**53
LONGEST = 80
WINDOW = re.compile("[A-Za-z0-9-]{8,64}")


class BadPostError(Exception):
    """A post that no page of ours sends."""


@dataclass(frozen=True)
class Post:
    """What a `window` wants: it holds `hold` images at most from now on.

    `serial` rises from post to post of a window, so that one that is repeated can be told.
    `answers` are given or, where they are undone, were given; `indices` are put back. `annotator`
    is who answers, `name` the name of a new class.
    """

    window: str
    serial: int = 0
    hold: int = 0
    answers: Pairs = ()
    indices: tuple[int, ...] = ()
    annotator: str | None = None
    name: str = ""


def post_of(body: bytes) -> Post:
    """The post in a body, or a `BadPostError` that names the field.

    >>> post_of(b'{"window": "aaaa-bbbb", "hold": 1}').hold
    1
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise BadPostError("the body is no JSON") from None
    if not isinstance(fields, dict) or "window" not in fields:
        raise BadPostError("an object with a window was expected")
    unexpected = sorted(fields.keys() - CHECKS.keys())
    if unexpected:
        raise BadPostError(f"there is no field {unexpected[0]!r:.40}")
    return Post(**{name: CHECKS[name](value) for name, value in fields.items()})


def _number(name: str, largest: int) -> Callable[[Any], int]:
    def checked(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= largest:
            raise BadPostError(f"{name} must be a whole number from 0 to {largest}")
        return value

    return checked


def _window(value: Any) -> str:
    if not isinstance(value, str) or not WINDOW.fullmatch(value):
        raise BadPostError("window must be 8 to 64 letters, digits and -")
    return value


def _indices(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) > MOST:
        raise BadPostError(f"at most {MOST} images were expected")
    if any(type(value) is not int or not 0 <= value <= LARGEST for value in values):
        raise BadPostError("an image is a whole number from 0")
    if len({*values}) < len(values):
        raise BadPostError("an image is there twice")
    return tuple(values)


def _answers(values: Any) -> Pairs:
    pairs = isinstance(values, list) and all(isinstance(v, list) and len(v) == 2 for v in values)
    if not pairs:
        raise BadPostError("answers must be pairs of an image and its answer")
    _indices([index for index, _ in values])
    if any(type(answer) is not int or not -2 <= answer <= LARGEST for _, answer in values):
        raise BadPostError("an answer is a class, -1 or -2")
    return tuple((index, answer) for index, answer in values)


def _words(name: str) -> Callable[[Any], str]:
    def checked(value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
            raise BadPostError(f"{name} must be at most {LONGEST} printable characters")
        return value.strip()

    return checked


CHECKS: dict[str, Callable[[Any], Any]] = {
    "window": _window,
    "serial": _number("serial", LARGEST),
    "hold": _number("hold", MOST),
    "answers": _answers,
    "indices": _indices,
    "annotator": lambda value: None if value is None else _words("annotator")(value) or None,
    "name": _words("name"),
}
