"""The arguments of a command, refused in one sentence."""

import argparse
from typing import NoReturn

from openal.errors import ArgumentError

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence, without printing how to use it."""

    def error(self, message: str) -> NoReturn:
        """Raise what would have been printed."""
        raise ArgumentError(message)
