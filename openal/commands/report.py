"""`openal report`: the results of a simulation as one page."""

import sys
from collections.abc import Sequence

from openal.commands.arguments.report import parser
from openal.errors import ArgumentError
from openal.report.build import write_report

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an ArgumentError that names the file if the results cannot be read."""
    given = parser().parse_args(argv)
    if given.out.is_dir():
        raise ArgumentError(f"{given.out} is a folder; a file to write was expected.")
    formats = [kind for kind in ("svg", "pdf") if getattr(given, kind)]
    files = write_report(
        given.results, given.out, latex=given.latex, formats=formats, width=given.width
    )
    sys.stdout.write(f"Page:    {given.out}\nFigures: {files}\n")
    return 0
