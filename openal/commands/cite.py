"""`openal cite`: the BibTeX entries of strategies."""

import sys
from collections.abc import Sequence

from openal.commands.arguments.cite import parser

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an ArgumentError where there is no such strategy."""
    given = parser().parse_args(argv)
    from openal._cite import cite
    from openal.simulate._own_strategy import named_strategies

    named = named_strategies(given.strategies)
    sys.stdout.write(cite(*named.values()) + "\n")
    return 0
