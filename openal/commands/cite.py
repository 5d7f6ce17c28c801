"""`openal cite`: the BibTeX entries of strategies."""

import sys
from collections.abc import Sequence

from openal.commands._parser import Parser

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an ArgumentError where there is no such strategy."""
    given = parser().parse_args(argv)
    from openal._cite import cite
    from openal.simulate._own_strategy import named_strategies

    named = named_strategies(given.strategies)
    sys.stdout.write(cite(*named.values()) + "\n")
    return 0


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
