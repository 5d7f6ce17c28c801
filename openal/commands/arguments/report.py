"""The arguments of `openal report`."""

from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal report`."""
    parser = Parser(
        "openal report",
        description="The results of `openal simulate` as one page that needs no network, with a "
        "PNG and a CSV of each figure beside it.",
        allow_abbrev=False,
    )
    out = Path("report.html")
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of openal simulate")
    parser.add_argument("--out", type=Path, default=out, metavar="FILE", help=f"the page ({out})")
    parser.add_argument("--latex", action="store_true", help="a table of each condition too")
    parser.add_argument("--svg", action="store_true", help="each figure as SVG too")
    parser.add_argument("--pdf", action="store_true", help="each figure as PDF too")
    parser.add_argument(
        "--width", type=float, default=7.0, metavar="INCHES", help="of these figures (7)"
    )
    return parser
