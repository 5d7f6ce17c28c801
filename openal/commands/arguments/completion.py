"""The arguments of `openal completion`."""

from openal.commands._completion import SHELLS
from openal.commands._parser import Parser

__all__ = ["parser"]


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
