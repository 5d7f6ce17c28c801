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
from openal.commands._parser import Parser, add_reading
from openal.simulate._arguments import DEFAULTS, ON_DIGITS, counts_of, plain_experiment
from openal.simulate._image_task import IMAGE_TASKS
from openal.simulate._planned_runs import Finish, finished_runs
from openal.simulate._plot import figure, png_or_none
from openal.simulate._recipe_experiment import recipe_experiment
from openal.simulate._record import hardware, versions, write_data
from openal.simulate._results_folder import RESULTS, write_json
from openal.simulate._summary import grid_results, results, table, whole_line
from openal.simulate.datasets.images import DATASETS
from openal.simulate.grid import Experiment, GridRuns
from openal.simulate.loop import Run, Runs
from openal.simulate.metrics import Spread
from openal.simulate.recipes import RECIPES
from openal.simulate.split import FIRST_ANSWERS, OpenSetSplit
from openal.strategies import available

__all__ = ["main", "parser"]


def parser() -> Parser:
    """The arguments of `openal simulate`."""
    parser = Parser(
        "openal simulate",
        description="Compare strategies on labeled data: some classes are known, the answers are "
        "simulated. Without arguments: on scikit-learn's handwritten digits.",
        epilog=f"Strategies: {', '.join(available())}. Killed and started again with the same "
        "arguments, the command goes on where it stopped; started several times at once, it "
        "shares the runs among its processes.",
        allow_abbrev=False,
    )
    _add_recipe(parser.add_argument_group("an experiment of the papers"))
    _add_data(parser.add_argument_group("data"))
    add_reading(parser.add_argument_group("how image files are read"))
    _add_classes(parser.add_argument_group("problem"))
    _add_oracle(parser.add_argument_group("oracle"))
    loop = parser.add_argument_group("loop")
    _add_loop(loop)
    _add_task(loop)
    return parser


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--recipe", choices=[*RECIPES], help="the experiment of a paper, on images")
    add("--dataset", metavar="NAME", help=f"{', '.join(DATASETS)}, or a FOLDER (cifar10)")
    add("--data", type=Path, metavar="PATH", help="where data sets are, or are put (data)")
    add("--scale", type=float, metavar="SHARE", help="of images, answers, rounds, epochs (1)")
    add("--no-classifier", action="store_true", help="LfOSA's detector classifies what it found")
    add("--clipn", type=Path, metavar="FILE", help="the weights of CLIPN, for CLIPNAL")


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="images, in a folder per class; or, with --labels, pixels [n, H, W, 3], .npy",
    )
    add(
        "--encoder",
        metavar="NAME",
        help="pixels, or a network of torchvision (resnet18); in a recipe also MODEL/TAG of "
        "open_clip, or none",
    )
    add(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="vectors [n, D], .npy, or a store of openal embed, whose folders are the classes",
    )
    add("--labels", type=Path, metavar="FILE", help="their classes: .npy, or a text of n lines")


def _add_classes(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--known", nargs="+", metavar="CLASS", help="known classes by name: cat,dog")
    add("--mismatch", nargs="+", metavar="SHARE", help="share of known classes, by seed (0.4)")
    add("--ood-ratio", nargs="+", metavar="SHARE", help="share of unknown items (all there are)")
    add("--thin", action="store_true", help="leave known items out where unknown ones are few")
    add("--protocol", choices=FIRST_ANSWERS, help="which items are answered first (known)")
    add("--first", type=int, metavar="N", help="how many first (10 per known class; digits 0)")
    add("--test-share", type=float, metavar="SHARE", help="known items held out (0.25)")


def _add_oracle(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--noise", type=float, default=0.0, metavar="SHARE", help="share of wrong answers (0)")
    add("--skip", type=float, default=0.0, metavar="SHARE", help="share of 'cannot tell' (0)")


def _add_loop(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--strategies",
        nargs="+",
        metavar="NAME",
        help=f"{', '.join(DEFAULTS['strategies'])}; with options: 'NEAT(k=5),NEAT(k=20)'",
    )
    add("--copies", metavar="HOW", help="of answered items: ask, skip, or a least cosine (ask)")
    add("--whole", action="store_true", help="tell the accuracy on the whole data set too")
    add("--tsne", action="store_true", help="map the classifier's features for a report (slow)")
    add("--no-bounds", action="store_true", help="leave perfect purity out, which knows the truth")
    add("--rounds", type=int, metavar="N", help="queries (10; digits 8)")
    add("--budget", nargs="+", metavar="N", help="answers per query (20; digits 10), or several")
    add("--seeds", nargs="+", metavar="N", help="how many (5), or which: 3,7")
    add("--out", type=Path, metavar="FOLDER", help=f"for results ({DEFAULTS['out']})")
    add(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="compute the runs on a Ray cluster, a CPU for each: at an address, or of this machine",
    )


def _add_task(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--task",
        choices=("logistic", "mlp", *IMAGE_TASKS),
        help="classifier, on embeddings (logistic, mlp) or on images from scratch",
    )
    add("--side", type=int, metavar="N", help="pixels that a network on images sees (32)")
    add("--epochs", type=int, metavar="N", help="of a network on images (cnn 25, resnet18 100)")


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
