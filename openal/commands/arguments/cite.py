"""The arguments of `openal cite`."""

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal cite`."""
    parser = Parser(
        "openal cite",
        description="Print the BibTeX of the papers that strategies and the parts inside them come "
        "from, each entry once; without a strategy, of this library.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "strategies",
        nargs="*",
        metavar="STRATEGY",
        help="a name, with options in brackets or without, or your own: FILE.py:NAME",
    )
    return parser
