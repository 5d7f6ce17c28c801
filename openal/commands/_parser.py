"""The arguments of a command, refused in one sentence; those that several commands share."""

import argparse
from typing import NoReturn

from openal._image_reader import MAX_PIXELS
from openal.errors import ArgumentError

__all__ = ["Parser", "add_reading"]


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence, without printing how to use it."""

    def error(self, message: str) -> NoReturn:
        """Raise what would have been printed."""
        raise ArgumentError(message)


def add_reading(group: argparse._ArgumentGroup) -> None:
    """The arguments about files that leave a choice."""
    add = group.add_argument
    add("--max-pixels", type=int, metavar="N", help=f"largest image that is read ({MAX_PIXELS})")
    add("--bits", type=int, metavar="N", help="of a pixel in images of 16 bits, such as 12 (16)")
