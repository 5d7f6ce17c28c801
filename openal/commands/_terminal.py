"""Output that any terminal, pipe or file can hold: nothing printed ends in a UnicodeEncodeError."""

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper

__all__ = ["PLAIN", "UNREAD", "output_is_unread", "printable_output"]

PLAIN = {
    "±": "+/-",
    "−": "-",
    "–": "-",
    "—": "-",
    "·": "-",
    "×": "x",
    "√": "sqrt",
    "…": "...",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
}
"""What stands for a sign where the output's encoding lacks it."""

HANDLER = "openal.plain"
STOPPING = ("strict", "surrogateescape")
"""The ways to handle a character without a code that may raise; the others do not."""


@contextmanager
def printable_output() -> Iterator[None]:
    """Until the end of the block, what standard output and error cannot encode is replaced.

    Known signs become plain ones and other characters escapes such as `\\u732b`; where the user has
    chosen another way to handle them (PYTHONIOENCODING), that one stays. Where there is no such
    stream, as in a service or after `>&-`, what is printed is lost and nothing else.
    """
    codecs.register_error(HANDLER, _plain)
    with _sink_for_missing(), _plain_signs():
        yield


UNREAD = 141
"""What shells say of a program that a pipe ended which nobody reads any more: 128 + SIGPIPE."""


def output_is_unread(more: str = "") -> bool:
    """Whether standard output is a pipe whose reader has gone, as `head` has; the rest is lost.

    Nothing may be left to write that would tell; `more` is written for that.
    """
    try:
        sys.stdout.write(more)
        sys.stdout.flush()
    except BrokenPipeError:
        with open(os.devnull, "wb") as nowhere:  # Python flushes again when it ends
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return True
    except (OSError, ValueError):  # a full disk, or closed: told where it was written
        return False
    return False


@contextmanager
def _sink_for_missing() -> Iterator[None]:
    """Where standard output or error is None, one that keeps nothing."""
    missing = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    with open(os.devnull, "w", encoding="utf-8") as sink:
        for name in missing:
            setattr(sys, name, sink)
        try:
            yield
        finally:
            for name in missing:
                setattr(sys, name, None)


@contextmanager
def _plain_signs() -> Iterator[None]:
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, TextIOWrapper)]
    handled = [(stream, stream.errors) for stream in streams if stream.errors in STOPPING]
    for stream, _ in handled:
        stream.reconfigure(errors=HANDLER)
    try:
        yield
    finally:
        for stream, errors in handled:
            with suppress(OSError, ValueError):  # it is closed, or whoever read it is gone
                stream.reconfigure(errors=errors)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the first character that has no code, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name, as it is on the disk
        return bytes([ord(character) - 0xDC00]), error.start + 1
    plain = PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()
    return plain, error.start + 1
