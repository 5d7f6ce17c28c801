"""`openal query`: the images to ask about next, and why; a round stays open until answered."""

import json
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from openal._files import write_whole
from openal.commands._say import plural, say, table
from openal.commands.arguments.query import parser
from openal.project import Project, query_reasons
from openal.project._asked import as_cell, image_sums
from openal.project._outputs import require_imported, require_not_ours, require_output
from openal.project._replaced import ask_replaced
from openal.project._tables import csv_table
from openal.project.reasons import query_basis
from openal.query import Query

__all__ = ["main", "parser"]

COLUMNS = ("file", "class", "purity", "informativeness", "score", "reason", "checksum", "key")
Row = tuple[str, str, float | None, float | None, float | None, str, str, str]


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    if given.out is not None:
        require_output(given.out, (".csv", ".json"))
    project = Project.find().using(budget=given.budget, strategy=given.strategy)
    if given.out is not None:
        require_not_ours(given.out, project)
        require_imported(given.out, project)
    if given.replaced:
        ask_replaced(project)
    was_open = len(project.labeled().pending_indices) > 0
    query = project.query(seed=given.seed)
    if not len(query):
        say(["Every image has an answer, or is a copy that cannot be asked.", "Next: openal train"])
        return 0
    rows = _rows(project, query)
    if given.out is not None:
        write_whole(given.out, _content(rows, given.out))
    say(_head(project, query, was_open, given.budget))
    say(["", *_table(rows), ""])
    say(_next(given.out))
    return 0


def _head(project: Project, query: Query, was_open: bool, budget: int | None) -> list[str]:
    begun = [past for past in project.labeled().history if past.begun]
    lines = [f"Round {len(begun)}: {plural(len(query), 'image')}, {query_basis(project)}."]
    if was_open:
        asked = len(begun[-1].indices)
        lines += [f"The round is open: {asked - len(query)} of {asked} have an answer."]
    if was_open and budget is not None:
        lines += ["--budget counts from the next round on."]
    return lines


def _rows(project: Project, query: Query) -> list[Row]:
    reasons, sums = query_reasons(project, query), image_sums(project, query)
    return [
        (
            project.names[index],
            "",
            _value(query.purity, row),
            _value(query.informativeness, row),
            _value(query.scores, row),
            reasons[row],
            as_cell(sums.get(index)),
            project.keys[index],
        )
        for row, index in enumerate(query)
    ]


def _value(values: Tensor | None, row: int) -> float | None:
    return None if values is None else round(float(values[row]), 4)


def _table(rows: Sequence[Row]) -> list[str]:
    cells = [[row[0], _shown(row[2]), _shown(row[3]), row[5]] for row in rows]
    return table(["file", "purity", "informativeness", "why"], cells)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _content(rows: Sequence[Row], out: Path) -> bytes:
    if out.suffix.lower() == ".csv":
        cells = ([("" if cell is None else cell) for cell in row] for row in rows)
        return csv_table([COLUMNS, *cells])
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    kept = [{name: cell for name, cell in row.items() if name != "class"} for row in named]
    return json.dumps(kept, indent=1).encode() + b"\n"


def _next(out: Path | None) -> list[str]:
    if out is None:
        return ["Next: openal label, or openal query --out q.csv"]
    if out.suffix.lower() == ".json":
        return ["Next: openal label, or openal import FILE.csv with the columns file and class"]
    return [f"Next: fill in the column class of {out}, then openal import {out}"]
