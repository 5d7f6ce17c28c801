"""What a window may send."""

import json
from typing import Any

import pytest

from openal.label._posts import MOST, BadPostError, Post, post_of
from tests.walking import walked

WINDOW = "window-one"


def test_a_post_is_read() -> None:
    fields = {"window": WINDOW, "serial": 3, "hold": 2, "answers": [[4, -1]], "annotator": None}
    assert post_of(json.dumps(fields).encode()) == Post(WINDOW, 3, 2, ((4, -1),))


def test_a_name_is_stripped() -> None:
    body = json.dumps({"window": WINDOW, "name": " snowy owl ", "annotator": " "}).encode()
    assert post_of(body) == Post(WINDOW, name="snowy owl")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b"[" * 60_000, b'"\xff"', b"1e999"]
)
def test_what_is_no_post_is_refused(body: bytes) -> None:
    with pytest.raises(BadPostError):
        post_of(body)


@walked
@pytest.mark.parametrize(
    "field, value",
    [
        ("window", 1),
        ("window", "short"),
        ("window", "../../../etc"),
        ("window", "a" * 65),
        ("serial", -1),
        ("serial", True),
        ("serial", 1.0),
        ("serial", 2**60),
        ("hold", MOST + 1),
        ("hold", "1"),
        ("answers", {}),
        ("answers", [1, 2]),
        ("answers", [[1]]),
        ("answers", [[1, -3]]),
        ("answers", [[1, True]]),
        ("answers", [[-1, 0]]),
        ("answers", [[1.5, 0]]),
        ("answers", [[1, 0], [1, 1]]),
        ("answers", [[index, 0] for index in range(MOST + 1)]),
        ("indices", [1, 1]),
        ("indices", ["1"]),
        ("indices", None),
        ("annotator", "a\nb"),
        ("annotator", "x" * 81),
        ("name", None),
        ("name", "\ud800"),
        ("path", "/etc/passwd"),
    ],
)
def test_a_field_that_cannot_be_is_refused(field: str, value: Any) -> None:
    with pytest.raises(BadPostError):
        post_of(json.dumps({"window": WINDOW, field: value}).encode())
