"""The arguments of `openal label`."""

from openal.commands._parser import Parser, add_reading

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal label`."""
    parser = Parser(
        "openal label",
        description="Answer the questions of a project on a page in the browser, round after "
        "round. The page is served to this computer alone.",
        epilog="Killed at any moment and started again, it goes on with what is left to ask.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--budget", type=int, metavar="N", help="questions in a round (of the project: 20)")
    add("--port", type=int, default=0, metavar="N", help="of the page (that of the last time)")
    add("--no-browser", action="store_true", help="only print the address")
    add_reading(parser.add_argument_group("how files are read"))
    return parser
