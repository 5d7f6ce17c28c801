"""`openal simulate`: strategies compared on labeled data, as a table, a figure and JSON."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from tqdm import tqdm

from openal._version import __version__
from openal.simulate.arguments import conditions_of, seeds_of, source_of, strategies_of
from openal.simulate.cells import RESULTS, Cells, write_json, write_whole
from openal.simulate.classes import shown
from openal.simulate.compare import Conditions, Runs, compare
from openal.simulate.parser import parser
from openal.simulate.plot import png
from openal.simulate.sources import Source
from openal.simulate.split import OpenSetSplit
from openal.simulate.summary import results
from openal.simulate.table import table
from openal.threads import one_thread

__all__ = ["main"]

CURVES = "simulation.png"
NAMED = 8
"""How many known classes are named."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; an OpenALError before anything is computed or written if it cannot be."""
    given = parser().parse_args(arguments)
    strategies, seeds = strategies_of(given.strategies), seeds_of(given.seeds)
    source = source_of(given)
    conditions = conditions_of(given, source)
    splits = {seed: conditions.split(source.labels, source.names, seed) for seed in seeds}
    cells = Cells(given.out, _settings(source, conditions))
    cells.check()
    data = source.load()
    total = len(seeds) * len(strategies)
    with one_thread(), tqdm(total=total, unit="run", disable=None, leave=False) as bar:
        runs = compare(strategies, data, conditions, seeds, cells=cells, finished=bar.update)
    head = _head(source, conditions, splits)
    _write(cells, runs, head)
    sys.stdout.write(f"{head}\n\n{table(runs)}\n\n{_foot(cells.folder)}\n")
    return 0


def _settings(source: Source, conditions: Conditions) -> dict[str, object]:
    data = {"data": source.title, "fingerprint": source.fingerprint}
    return {"openal": __version__, **data, **conditions.settings()}


def _write(cells: Cells, runs: Runs, head: str) -> None:
    write_json(cells.folder / RESULTS, results(runs, cells.settings))
    write_whole(cells.folder / CURVES, png(runs, head))


def _head(source: Source, conditions: Conditions, splits: Mapping[int, OpenSetSplit]) -> str:
    """What the pool was, and how it was asked."""
    sizes = sorted({len(split.pool) for split in splits.values()})
    share = fmean(1 - split.ood_ratio for split in splits.values())
    spread = f"mean ± sd of {len(splits)} seeds" if len(splits) > 1 else "one seed"
    title = shown(source.title)
    return (
        f"Pool: {title}, {_range(sizes)} items, {share:.0%} of them of known classes.\n"
        f"Known: {_known(source, conditions, splits)}.\n"
        f"Asked: {conditions.first} first answers, then {conditions.rounds} rounds of "
        f"{conditions.budget}; {spread}."
    )


def _known(source: Source, conditions: Conditions, splits: Mapping[int, OpenSetSplit]) -> str:
    names = next(iter(splits.values())).classes
    count = f"{len(names)} of {len(source.names)} classes"
    if conditions.known is None and len(splits) > 1:
        return f"{count}, others at each seed"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{count}, {', '.join(map(shown, names[:NAMED]))}{more}"


def _range(sizes: list[int]) -> str:
    return f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def _foot(folder: Path) -> str:
    """Where to look further."""
    return f"Results: {folder / RESULTS}\nCurves:  {folder / CURVES}"
