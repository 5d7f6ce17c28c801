"""The arguments of `openal status`."""

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal status`."""
    return Parser(
        "openal status",
        description="The answers by class and by round, how many of them were wasted, what is "
        "left, how good a classifier is, and whether to go on. Nothing is changed.",
        allow_abbrev=False,
    )
