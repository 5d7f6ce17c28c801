"""The arguments of `openal simulate`."""

import argparse
from pathlib import Path

from openal.parser import Parser
from openal.simulate.datasets import DATASETS
from openal.simulate.draw import FIRST_ANSWERS
from openal.simulate.plain import DEFAULTS
from openal.simulate.recipes import RECIPES
from openal.strategies import available

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal simulate`."""
    made = Parser(
        "openal simulate",
        description="Compare strategies on labeled data: some classes are known, the answers are "
        "simulated. Without arguments: on scikit-learn's handwritten digits.",
        epilog=f"Strategies: {', '.join(available())}. Killed and started again with the same "
        "arguments, the command goes on where it stopped; started several times at once, it "
        "shares the runs among its processes.",
        allow_abbrev=False,
    )
    _add_recipe(made.add_argument_group("an experiment of the papers"))
    _add_data(made.add_argument_group("data"))
    _add_problem(made.add_argument_group("problem"))
    _add_oracle(made.add_argument_group("oracle"))
    _add_loop(made.add_argument_group("loop"))
    return made


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--recipe", choices=[*RECIPES], help="the experiment of a paper, on images")
    add("--dataset", metavar="NAME", help=f"{', '.join(DATASETS)}, or a FOLDER (cifar10)")
    add("--data", type=Path, metavar="PATH", help="where data sets are, or are put (data)")
    add("--scale", type=float, metavar="SHARE", help="of images, answers, rounds, epochs (1)")
    add("--clipn", type=Path, metavar="FILE", help="the weights of CLIPN, for CLIPNAL")


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--images", type=Path, metavar="FOLDER", help="images, in a folder per class")
    add(
        "--encoder",
        metavar="NAME",
        help="pixels, or a network of torchvision (resnet18); in a recipe also MODEL/TAG of "
        "open_clip, or none",
    )
    add("--embeddings", type=Path, metavar="FILE", help="vectors [n, D], .npy")
    add("--labels", type=Path, metavar="FILE", help="their classes: .npy, or a text of n lines")


def _add_problem(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--known", nargs="+", metavar="CLASS", help="known classes by name: cat,dog")
    add("--mismatch", nargs="+", metavar="SHARE", help="share of known classes, by seed (0.4)")
    add("--ood-ratio", nargs="+", metavar="SHARE", help="share of unknown items (all there are)")
    add("--protocol", choices=FIRST_ANSWERS, help="which items are answered first (known)")
    add("--first", type=int, metavar="N", help="how many first (10 per known class)")
    add("--test-share", type=float, metavar="SHARE", help="known items held out (0.25)")


def _add_oracle(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--noise", type=float, default=0.0, metavar="SHARE", help="share of wrong answers (0)")
    add(
        "--skip",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of answers 'cannot tell' (0)",
    )


def _add_loop(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--strategies", nargs="+", metavar="NAME", help=", ".join(DEFAULTS["strategies"]))
    add("--rounds", type=int, metavar="N", help="queries (10)")
    add("--budget", type=int, metavar="N", help="answers per query (20)")
    add("--seeds", nargs="+", metavar="N", help="how many (5), or which: 3,7")
    add("--task", choices=("logistic", "mlp"), help="classifier (logistic)")
    add("--out", type=Path, metavar="FOLDER", help=f"for results ({DEFAULTS['out']})")
