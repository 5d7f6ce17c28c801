"""`openal COMMAND ...`: runs the module of a command, and says in one sentence what went wrong."""

import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from openal._version import __version__
from openal._words import meant
from openal.commands._parser import Parser
from openal.commands._terminal import UNREAD, output_is_unread, printable_output
from openal.errors import OpenALError

__all__ = ["main"]

COMMANDS = {
    "cite": "print the BibTeX of the papers that a strategy comes from",
    "completion": "print what makes a shell complete these commands",
    "convert-clipn": "keep the no tower of a CLIPN checkpoint, as safetensors",
    "embed": "compute the embeddings of a folder of images, once",
    "export": "write the answers of a project for other programs",
    "import": "take answers from a table into a project",
    "init": "begin a project: a folder of photos and class names",
    "label": "answer on a page in the browser",
    "ledger": "check or export a file of answers",
    "predict": "say of every image of a project what it is",
    "query": "choose the images to ask about next",
    "report": "show the results of a simulation as one page",
    "simulate": "compare strategies on labeled data",
    "status": "tell how far a project is, and whether to go on",
    "strategies": "list all strategies, what each reads, and its paper",
    "train": "train the classifier of a project on its answers",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command: 0 if it is done, 2 if the arguments cannot be right, 1 if the disk fails.

    >>> main(["--version"])
    openal 0.2.0
    0
    """
    with printable_output():
        try:
            code = _main(list(sys.argv[1:] if argv is None else argv))
        finally:
            unread = output_is_unread()
        return UNREAD if unread else code


def _main(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    command = f"openal {name}" if name in COMMANDS else "openal"
    try:
        if name in ("--help", "-h", "--version", "-V"):
            print(_usage() if name in ("--help", "-h") else f"openal {__version__}")
            return 0
        if name not in COMMANDS:
            hint = meant(name, COMMANDS) or "; try openal --help"
            return _refused(command, f"there is no command {name!r}{hint}")
        return _run(name, rest)
    except OpenALError as error:
        return _refused(command, str(error))
    except BrokenPipeError as error:  # that of standard output, or another one
        return UNREAD if output_is_unread("\n") else _refused(command, str(error), code=1)
    except OSError as error:  # a full disk, say: nobody's argument
        return _refused(command, str(error), code=1)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _run(name: str, argv: Sequence[str]) -> int:
    """Run a command; what it needs is imported only now, where its arguments can be right."""
    parser_of(name).parse_args(argv)
    code: int = import_module(module_of(name)).main(argv)
    return code


def module_of(name: str, package: str = "openal.commands") -> str:
    """The full name of the module of a command."""
    return f"{package}.{f'{name}_' if iskeyword(name) else name.replace('-', '_')}"


def parser_of(name: str) -> Parser:
    """The arguments of a command; its help needs no torch."""
    parser: Parser = import_module(module_of(name, "openal.commands.arguments")).parser()
    return parser


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(["usage: openal COMMAND ...", "", *lines, "", "openal COMMAND --help"])


def _refused(command: str, why: str, code: int = 2) -> int:
    print(f"{command}: {why}", file=sys.stderr)
    return code
