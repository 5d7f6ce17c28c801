"""`openal completion`: a script by which a shell completes commands and options."""

import sys
from collections.abc import Sequence

from openal.commands._completion import SHELLS, words_of
from openal.commands.arguments.completion import parser

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    from openal.cli import COMMANDS, parser_of

    words = {name: words_of(parser_of(name), summary) for name, summary in COMMANDS.items()}
    sys.stdout.write(SHELLS[given.shell](words))
    return 0
