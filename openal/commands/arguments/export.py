"""The arguments of `openal export`."""

from pathlib import Path

from openal.commands._choices import TOOLS
from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal export`."""
    parser = Parser(
        "openal export",
        description="Write the answers: as a table, as a folder of links for each class, or as "
        "lists for the training of other programs.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help="a table of all answers, .csv or .parquet; .json as of COCO; with --format any name",
    )
    tools = ", ".join(TOOLS)
    what = f"the file of a tool, {tools}; of label-studio the open round"
    add("--format", choices=TOOLS, metavar="TOOL", help=what)
    add("--imagefolder", type=Path, metavar="DIR", help="a folder of links to images per class")
    add("--yolo", type=Path, metavar="DIR", help="the same in train and val, as YOLO classifies")
    add("--unknown", action="store_true", help="folders have UNKNOWN as a class too")
    return parser
