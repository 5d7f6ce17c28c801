"""The arguments of `openal strategies`."""

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal strategies`."""
    parser = Parser(
        "openal strategies",
        description="List all strategies: what each does, the signals that it reads, and the key "
        "of its paper, which `openal cite NAME` prints.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser
