"""The arguments of `openal predict`."""

from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal predict`."""
    parser = Parser(
        "openal predict",
        description="Say of every image what it is. known is the probability that it is of one of "
        "your classes; where it is below 0.5 the class is UNKNOWN, and probability is 1 - known; "
        "else it is the likeliest class, and probability is that class's among yours.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the table")
    return parser
