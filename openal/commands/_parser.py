"""The arguments of a command, refused in one sentence; those that several commands share."""

import argparse
import re
from collections.abc import Iterator
from typing import NoReturn

from openal._words import meant
from openal.commands._choices import MAX_PIXELS
from openal.commands._examples import EXAMPLES
from openal.errors import ArgumentError

__all__ = ["Parser", "add_reading"]

UNKNOWN = re.compile(r"unrecognized arguments: .*?(?P<word>--?[\w-]+)")
NO_CHOICE = re.compile(r"invalid choice: '(?P<word>.*?)' \(choose from (?P<words>.*)\)")


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence, without printing how to use it.

    Its help ends with the example of the command.
    """

    def error(self, message: str) -> NoReturn:
        """Raise what would have been printed, and what may have been meant."""
        raise ArgumentError(f"{message}{self._meant(message)}")

    def format_help(self) -> str:
        """The help, and an example to run."""
        example = EXAMPLES.get(self.prog)
        return super().format_help() + (f"\nexample:\n  {example}\n" if example else "")

    def _meant(self, message: str) -> str:
        if match := NO_CHOICE.search(message):
            return meant(match["word"], re.findall(r"[^\s,']+", match["words"]))
        match = UNKNOWN.search(message)
        return meant(match["word"], self._options()) if match else ""

    def _options(self) -> Iterator[str]:
        """The options of the command and of the commands inside it."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from inner._options()


def add_reading(group: argparse._ArgumentGroup) -> None:
    """The arguments about files that leave a choice."""
    add = group.add_argument
    add("--max-pixels", type=int, metavar="N", help=f"largest image that is read ({MAX_PIXELS})")
    add("--bits", type=int, metavar="N", help="of a pixel in images of 16 bits, such as 12 (16)")
