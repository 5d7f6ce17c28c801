"""The arguments of `openal simulate`."""

import argparse
from pathlib import Path
from typing import NoReturn

from openal.errors import ArgumentError
from openal.simulate.draw import FIRST_ANSWERS
from openal.strategies import available

__all__ = ["parser"]


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one sentence, without printing how to use it."""

    def error(self, message: str) -> NoReturn:
        """Raise what would have been printed."""
        raise ArgumentError(message)


def parser() -> Parser:
    """The arguments of `openal simulate`."""
    made = Parser(
        "openal simulate",
        description="Compare strategies on labeled data: some classes are known, the answers are "
        "simulated. Without arguments: on scikit-learn's handwritten digits.",
        epilog=f"Strategies: {', '.join(available())}. Killed and started again with the same "
        "arguments, the command goes on where it stopped.",
        allow_abbrev=False,
    )
    _add_data(made.add_argument_group("data"))
    _add_problem(made.add_argument_group("problem"))
    _add_oracle(made.add_argument_group("oracle"))
    _add_loop(made.add_argument_group("loop"))
    return made


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--images", type=Path, metavar="FOLDER", help="images, in a folder per class")
    add("--encoder", metavar="NAME", help="pixels, or a network of torchvision (resnet18)")
    add("--embeddings", type=Path, metavar="FILE", help="vectors [n, D], .npy")
    add("--labels", type=Path, metavar="FILE", help="their classes: .npy, or a text of n lines")


def _add_problem(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--known", nargs="+", metavar="CLASS", help="known classes by name: cat,dog")
    add("--mismatch", type=float, metavar="SHARE", help="share of known classes, by seed (0.4)")
    add("--ood-ratio", type=float, metavar="SHARE", help="share of unknown items (all there are)")
    add(
        "--protocol",
        choices=FIRST_ANSWERS,
        default="known",
        help="which items are answered first (known)",
    )
    add("--first", type=int, metavar="N", help="how many first (10 per known class)")
    add(
        "--test-share",
        type=float,
        default=0.25,
        metavar="SHARE",
        help="known items held out (0.25)",
    )


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
    default = ["Random", "Uncertainty", "NEAT", "LfOSA", "JSOSAL"]
    add("--strategies", nargs="+", default=default, metavar="NAME", help=", ".join(default))
    add("--rounds", type=int, default=10, metavar="N", help="queries (10)")
    add("--budget", type=int, default=20, metavar="N", help="answers per query (20)")
    add("--seeds", nargs="+", default=["5"], metavar="N", help="how many (5), or which: 3,7")
    add("--task", choices=("logistic", "mlp"), default="logistic", help="classifier (logistic)")
    out = Path("openal-simulation")
    add("--out", type=Path, default=out, metavar="FOLDER", help=f"for results ({out})")
