"""`openal completion`: a script by which a shell completes commands and options."""

import sys
from collections.abc import Sequence
from importlib import import_module

from openal.commands._completion import SHELLS, CommandWords, words_of
from openal.commands._parser import Parser

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    from openal.cli import COMMANDS, module_of

    words = {name: _words(module_of(name), summary) for name, summary in COMMANDS.items()}
    sys.stdout.write(SHELLS[given.shell](words))
    return 0


def parser() -> Parser:
    """The arguments of `openal completion`."""
    parser = Parser(
        "openal completion",
        description="Print a script by which a shell completes the commands of openal, their "
        "options and the choices of these. Write it to a file once, which ~/.bashrc or ~/.zshrc "
        "sources; for fish: ~/.config/fish/completions/openal.fish",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=[*SHELLS], help="the shell")
    return parser


def _words(module: str, summary: str) -> CommandWords:
    """The words of a command; none where a package is missing that it needs."""
    try:
        return words_of(import_module(module).parser(), summary)
    except ImportError:
        return CommandWords(summary)
