"""`openal ledger`: checks that a file of answers is whole, and exports it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from openal._files import write_whole
from openal._words import printable
from openal.commands.arguments.ledger import parser
from openal.errors import ArgumentError
from openal.ledger import LedgerReport, as_csv, as_json, as_parquet, read_whole

__all__ = ["main"]

FORMATS = {"csv": as_csv, "json": as_json, "parquet": as_parquet}


def main(argv: Sequence[str]) -> int:
    """Run the command; a LedgerError that names what is wrong if the file is not whole."""
    given = parser().parse_args(argv)
    report = read_whole(given.file)
    if given.action == "check":
        line = f"{given.file}: whole, {report.summary()}"
        sys.stdout.write(f"{printable(line)}\n")
    else:
        _export(report, given.format, given.out)
    return 0


def _export(report: LedgerReport, name: str | None, out: Path | None) -> None:
    if name is None:
        ending = "" if out is None else out.suffix.lower().removeprefix(".")
        name = ending if ending in FORMATS else "csv"
    content = FORMATS[name](report)
    if out is None:
        if sys.__stdout__ is None:
            raise ArgumentError("there is no standard output to write to; give --out FILE.")
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    _require_free(out)
    write_whole(out, content)


def _require_free(out: Path) -> None:
    """Refuse a folder, and a file that may be the only copy of somebody's answers."""
    if out.is_dir():
        raise ArgumentError(f"{out} is a folder; a file to write was expected.")
    if out.is_file():
        with out.open("rb") as file:
            if file.read(6) == b"SQLite":
                raise ArgumentError(f"{out} may be a ledger itself; it is not written over.")
