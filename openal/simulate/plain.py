"""The experiment that `openal simulate` makes of arguments without a recipe."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from openal._version import __version__
from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.simulate.arguments import (
    known_names,
    missing_signals,
    ratios_of,
    seeds_of,
    strategies_of,
)
from openal.simulate.classes import known_classes
from openal.simulate.conditions import Conditions
from openal.simulate.experiment import Experiment
from openal.simulate.grid import problems_of
from openal.simulate.sources import Source, digits, files, image_folder

__all__ = ["DEFAULTS", "plain_experiment"]

DEFAULTS: dict[str, Any] = {
    "protocol": "known",
    "test_share": 0.25,
    "strategies": ("Random", "Uncertainty", "NEAT", "LfOSA", "JSOSAL"),
    "rounds": 10,
    "budget": 20,
    "seeds": ("5",),
    "task": "logistic",
    "out": "openal-simulation",
}
FIRST_PER_CLASS = 10
HIDDEN = 128
ENCODER = "resnet18"
OFFERED = frozenset({"embeddings", "features", "logits"})
OF_RECIPES = ("dataset", "data", "scale", "clipn")


def plain_experiment(given: argparse.Namespace) -> Experiment:
    """The experiment on digits, on two files or on a folder of images; nothing is encoded yet."""
    for name in OF_RECIPES:
        if getattr(given, name) is not None:
            raise ArgumentError(f"--{name} is for --recipe.")
    strategies, seeds = strategies_of(given.strategies), seeds_of(given.seeds)
    for name, strategy in strategies.items():
        missing = missing_signals(strategy, OFFERED)
        if missing:
            raise ArgumentError(f"{name} reads {missing}, which nothing here offers.")
    source = _source(given)
    problems = _problems(given, source)
    settings = {"openal": __version__, "data": source.title, "fingerprint": source.fingerprint}
    if given.images:
        settings["encoder"] = given.encoder or ENCODER
    return Experiment(
        source, strategies, problems, seeds, settings, given.out, grid=len(problems) > 1
    )


def _source(given: argparse.Namespace) -> Source:
    if given.encoder and not given.images:
        raise ArgumentError("--encoder is for --images and --recipe.")
    if given.images and (given.embeddings or given.labels):
        raise ArgumentError("--images names the data already; leave --embeddings, --labels out.")
    if bool(given.embeddings) != bool(given.labels):
        raise ArgumentError("--embeddings and --labels belong together.")
    if given.images:
        return image_folder(given.images, given.encoder or ENCODER)
    return files(given.embeddings, given.labels) if given.embeddings else digits()


def _problems(given: argparse.Namespace, source: Source) -> Sequence[Conditions]:
    """Problem and loop as the arguments describe them, at every pair of ratios."""
    if given.known and given.mismatch is not None:
        raise ArgumentError("--known names the known classes already; leave --mismatch out.")
    known = known_names(given.known, source.names) if given.known else None
    shares = (0.4,) if given.mismatch is None else ratios_of(given.mismatch, "--mismatch")
    ratios = (None,) if given.ood_ratio is None else ratios_of(given.ood_ratio, "--ood-ratio")
    if known and len(ratios) > 1:
        shares = (len(known) / len(source.names),)
    conditions = Conditions(
        first=given.first or 0,
        known=known,
        protocol=given.protocol,
        test_share=given.test_share,
        rounds=given.rounds,
        budget=given.budget,
        noise=given.noise,
        skip=given.skip,
        task=EmbeddingClassifier(hidden=HIDDEN if given.task == "mlp" else None),
    )
    made = problems_of(conditions, shares, ratios)
    return made if given.first is not None else [_with_first(each, source) for each in made]


def _with_first(conditions: Conditions, source: Source) -> Conditions:
    """As many first answers per known class as there are by default."""
    known = conditions.known or known_classes(len(source.names), conditions.mismatch, 0)
    return replace(conditions, first=FIRST_PER_CLASS * len(known))
