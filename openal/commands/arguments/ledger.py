"""The arguments of `openal ledger`."""

from pathlib import Path

from openal.commands._choices import FORMATS
from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal ledger`."""
    parser = Parser(
        "openal ledger",
        description="Check or export a file of answers, which `LabeledSet(path=...)` keeps. The "
        "file is only read.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|export")
    check = actions.add_parser("check", allow_abbrev=False, help="say whether the file is whole")
    export = actions.add_parser("export", allow_abbrev=False, help="write all answers")
    for action in (check, export):
        action.add_argument("file", type=Path, metavar="FILE", help="the file of answers")
    add = export.add_argument
    add("--out", type=Path, metavar="FILE", help="where to write (standard output)")
    add("--format", choices=FORMATS, help="csv, json or parquet (as --out ends; csv)")
    return parser
