"""`openal simulate`: strategies compared on labeled data, as tables, figures and JSON."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import fmean

from openal._files import write_whole
from openal._words import printable
from openal.commands.arguments.simulate import parser
from openal.simulate._arguments import DEFAULTS, ON_DIGITS, counts_of, plain_experiment
from openal.simulate._planned_runs import Finish, finished_runs
from openal.simulate._plot import figure, png_or_none
from openal.simulate._recipe_experiment import recipe_experiment
from openal.simulate._record import hardware, versions, write_data
from openal.simulate._results_folder import RESULTS, write_json
from openal.simulate._summary import grid_results, results, table, whole_line
from openal.simulate.grid import Experiment, GridRuns
from openal.simulate.loop import Run, Runs
from openal.simulate.metrics import Spread
from openal.simulate.split import OpenSetSplit

__all__ = ["main", "parser"]


CURVES = "simulation.png"
NAMED = 8
"""How many known classes are named."""


def main(argv: Sequence[str]) -> int:
    """Run the command; an OpenALError before anything is computed or written if it cannot be."""
    given = parser().parse_args(argv)
    experiments = [_experiment(each) for each in _by_budget(given)]
    for experiment in experiments:
        experiment.check()
    with _ways(given.ray) as finish:
        for experiment in experiments:
            _play(replace(experiment, finish=finish), argv)
    return 0


@contextmanager
def _ways(ray: str | None) -> Iterator[Finish]:
    """How runs are computed: here, or on a cluster."""
    if ray is None:
        yield finished_runs
        return
    from openal.integrations.ray import RayRuns
    from openal.integrations.ray._cluster import cluster_at

    with cluster_at(ray):
        yield RayRuns()


def _by_budget(given: argparse.Namespace) -> list[argparse.Namespace]:
    """The arguments of each budget; where there are several, each has a folder of its own."""
    recipe = DEFAULTS["out"] if given.recipe is None else f"openal-{given.recipe}"
    out = Path(given.out or recipe)
    budgets = [None] if given.budget is None else counts_of(given.budget, "--budget")
    folders = [out if len(budgets) == 1 else out / f"budget{budget}" for budget in budgets]
    pairs = zip(budgets, folders, strict=True)
    return [argparse.Namespace(**{**vars(given), "budget": b, "out": path}) for b, path in pairs]


def _play(experiment: Experiment, argv: Sequence[str]) -> None:
    """Compute what is left of an experiment, write it and print its tables."""
    data, runs = experiment.run()
    heads = [_head(experiment, number) for number in range(len(experiment.grid))]
    whole = experiment.whole_data(data)
    command = ["openal", "simulate", *_without_out(argv)]
    drawn = _write(experiment, runs, heads, whole, command)
    write_data(experiment.folder, experiment.source, data, _all_runs(runs))
    experiment.map_features(data, runs)
    parts = zip(heads, runs.values(), whole, strict=True)
    tables = [f"{head}\n\n{table(at)}{whole_line(line)}" for head, at, line in parts]
    about = "\n".join(filter(None, [experiment.about, *map(printable, experiment.notes)]))
    words = [about, *tables, _foot(experiment, drawn)]
    sys.stdout.write("\n\n".join(filter(None, words)) + "\n")


def _all_runs(grid_runs: GridRuns) -> list[Run]:
    by_name = [by_seed for runs in grid_runs.values() for by_seed in runs.values()]
    return [run for by_seed in by_name for run in by_seed.values()]


def _experiment(given: argparse.Namespace) -> Experiment:
    if given.recipe is not None:
        return recipe_experiment(given)
    on_digits = given.images is None and given.embeddings is None
    for name, value in {**DEFAULTS, **(ON_DIGITS if on_digits else {})}.items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return plain_experiment(given)


def _write(
    experiment: Experiment,
    runs: GridRuns,
    heads: Sequence[str],
    whole: Sequence[Spread | None],
    command: Sequence[str],
) -> bool:
    """Whether all figures could be drawn; the results are written first."""
    if experiment.is_grid:
        content = grid_results(runs, experiment.grid, experiment.settings)
    else:
        (only,) = runs.values()
        settings = {**experiment.settings, **experiment.grid[0].settings()}
        content = results(only, settings)
    about = {"about": experiment.about, "notes": list(experiment.notes)}
    origin = {"command": list(command), "versions": versions(), "hardware": hardware()}
    accuracies = [None if line is None else asdict(line) for line in whole]
    more = {"whole_data_set": accuracies} if experiment.whole else {}
    write_json(experiment.folder / RESULTS, {**content, **more, **about, **origin})
    pictures = [
        _write_curves(path, compared, head)
        for path, compared, head in zip(_curves(experiment), runs.values(), heads, strict=True)
    ]
    return all(pictures)


def _write_curves(path: Path, compared: Runs, head: str) -> bool:
    """Whether the figure could be drawn; a warning says what was in the way."""
    picture = png_or_none(partial(figure, compared, head), path.name)
    if picture is not None:
        write_whole(path, picture)
    return picture is not None


def _without_out(argv: Sequence[str]) -> list[str]:
    """The arguments but the folder of the results, which has them inside."""
    words = [word for word in argv if not word.startswith("--out=")]
    if "--out" in words:
        at = words.index("--out")
        del words[at : at + 2]
    return words


def _curves(experiment: Experiment) -> list[Path]:
    """The file of the figure of each conditions."""
    path = experiment.folder / CURVES
    if not experiment.is_grid:
        return [path]
    return [path.with_stem(f"{path.stem}-{conditions.tag}") for conditions in experiment.grid]


def _head(experiment: Experiment, number: int) -> str:
    """What the pool was, and how it was asked."""
    conditions, seeds = experiment.grid[number], experiment.seeds
    splits = [experiment.splits[number, seed] for seed in seeds]
    sizes = sorted({len(split.pool) for split in splits})
    share = fmean(1 - split.ood_ratio for split in splits)
    repeats = f"mean ± sd of {len(splits)} seeds" if len(splits) > 1 else "one seed"
    title = printable(experiment.source.title)
    ratios = f"Ratios: {conditions.title}.\n" if experiment.is_grid else ""
    return (
        f"{ratios}Pool: {title}, {_range(sizes)} items, {share:.0%} of them of known classes.\n"
        f"Known: {_known(experiment, number, splits)}.\n"
        f"Asked: {conditions.first} first answers, then {conditions.rounds} rounds of "
        f"{conditions.budget}; {repeats}."
    )


def _known(experiment: Experiment, number: int, splits: Sequence[OpenSetSplit]) -> str:
    names = splits[0].classes
    count = f"{len(names)} of {len(experiment.source.names)} classes"
    if experiment.grid[number].known is None and len(splits) > 1:
        return f"{count}, others at each seed"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{count}, {', '.join(map(printable, names[:NAMED]))}{more}"


def _range(sizes: list[int]) -> str:
    return f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def _foot(experiment: Experiment, drawn: bool) -> str:
    """Where to look further."""
    curves = _curves(experiment)[0]
    if experiment.is_grid:
        curves = curves.with_name(f"{Path(CURVES).stem}-*.png")
    where = curves if drawn else "not drawn; the warning says why"
    return f"Results: {experiment.folder / RESULTS}\nCurves:  {where}"
