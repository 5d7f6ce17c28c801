"""The arguments of `openal simulate`."""

import argparse
from importlib.metadata import entry_points
from pathlib import Path

from openal import strategies
from openal.commands._choices import (
    DATASETS,
    IMAGE_TASKS,
    OUT,
    PROTOCOLS,
    RECIPES,
    SIMULATED,
)
from openal.commands._parser import Parser, add_reading

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal simulate`."""
    parser = Parser(
        "openal simulate",
        description="Compare strategies on labeled data: some classes are known, the answers are "
        "simulated. Without arguments: on scikit-learn's handwritten digits.",
        epilog=f"Strategies: {', '.join(_strategies())}. Killed and started again with the same "
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


def _strategies() -> list[str]:
    """The names of all strategies, also of those that others have installed; none is imported."""
    ours = [name for name in strategies.__all__ if name[0].isupper()]
    others = [entry.name for entry in entry_points(group="openal.strategies")]
    return sorted({*ours, *others})


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--recipe", choices=RECIPES, help="the experiment of a paper, on images")
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
    add("--protocol", choices=PROTOCOLS, help="which items are answered first (known)")
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
        help=f"{', '.join(SIMULATED)}; with options: 'NEAT(k=5),NEAT(k=20)'",
    )
    add("--copies", metavar="HOW", help="of answered items: ask, skip, or a least cosine (ask)")
    add("--whole", action="store_true", help="tell the accuracy on the whole data set too")
    add("--tsne", action="store_true", help="map the classifier's features for a report (slow)")
    add("--no-bounds", action="store_true", help="leave perfect purity out, which knows the truth")
    add("--rounds", type=int, metavar="N", help="queries (10; digits 8)")
    add("--budget", nargs="+", metavar="N", help="answers per query (20; digits 10), or several")
    add("--seeds", nargs="+", metavar="N", help="how many (5), or which: 3,7")
    add("--out", type=Path, metavar="FOLDER", help=f"for results ({OUT})")
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
