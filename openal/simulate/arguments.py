"""What the arguments of `openal simulate` stand for."""

import argparse
from collections.abc import Sequence

from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.query import QueryStrategy
from openal.simulate.classes import closest, known_classes
from openal.simulate.compare import Conditions
from openal.simulate.sources import Source, digits, files, image_folder
from openal.strategies import available

__all__ = ["conditions_of", "seeds_of", "source_of", "strategies_of"]

FIRST_PER_CLASS = 10
HIDDEN = 128
OFFERED = {"embeddings", "features", "logits"}


def strategies_of(words: Sequence[str]) -> dict[str, QueryStrategy]:
    """The named strategies, each with its default arguments."""
    classes = available()
    strategies: dict[str, QueryStrategy] = {}
    names = _split(words)
    if not names:
        raise ArgumentError("--strategies must name at least one strategy.")
    for name in names:
        if name not in classes:
            raise ArgumentError(f"unknown strategy {name!r}{closest(name, [*classes])}")
        try:
            strategies[name] = classes[name]()
        except TypeError as error:
            raise ArgumentError(f"{name} cannot be built without arguments: {error}.") from error
        _require_signals(name, strategies[name])
    return strategies


def seeds_of(words: Sequence[str]) -> tuple[int, ...]:
    """One number: so many seeds from 0. Several, or one with a comma: these seeds."""
    seeds = _split(words)
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise ArgumentError(f"--seeds must be a number, or seeds such as 3,7, got {words}.")
    numbers = [int(seed) for seed in seeds]
    if len(numbers) == 1 and "," not in words[0]:
        numbers = list(range(numbers[0]))
    if len(set(numbers)) < max(1, len(numbers)):
        raise ArgumentError(f"--seeds must be at least one, and distinct, got {words}.")
    return tuple(numbers)


def source_of(given: argparse.Namespace) -> Source:
    """The data that the arguments name; nothing is encoded yet."""
    if given.encoder and not given.images:
        raise ArgumentError("--encoder is for --images.")
    if given.images and (given.embeddings or given.labels):
        raise ArgumentError("--images names the data already; leave --embeddings, --labels out.")
    if bool(given.embeddings) != bool(given.labels):
        raise ArgumentError("--embeddings and --labels belong together.")
    if given.images:
        return image_folder(given.images, given.encoder or "resnet18")
    return files(given.embeddings, given.labels) if given.embeddings else digits()


def conditions_of(given: argparse.Namespace, source: Source) -> Conditions:
    """Problem and loop as the arguments describe them."""
    if given.known and given.mismatch is not None:
        raise ArgumentError("--known names the known classes already; leave --mismatch out.")
    known = _known_names(given.known, source.names) if given.known else None
    mismatch = 0.4 if given.mismatch is None else given.mismatch
    count = len(known) if known else len(known_classes(len(source.names), mismatch, 0))
    return Conditions(
        first=FIRST_PER_CLASS * count if given.first is None else given.first,
        mismatch=mismatch,
        known=known,
        ood_ratio=given.ood_ratio,
        protocol=given.protocol,
        test_share=given.test_share,
        rounds=given.rounds,
        budget=given.budget,
        noise=given.noise,
        skip=given.skip,
        task=EmbeddingClassifier(hidden=HIDDEN if given.task == "mlp" else None),
    )


def _require_signals(name: str, strategy: QueryStrategy) -> None:
    """Refuse a strategy that reads what embeddings and a classifier cannot give."""
    learners = getattr(strategy, "learners", ())
    learned = {each for one in learners if {*one.reads} <= OFFERED for each in one.offers}
    missing = {*getattr(strategy, "reads", ())} - OFFERED - learned
    if missing:
        raise ArgumentError(f"{name} reads {sorted(missing)}, which nothing here offers.")


def _known_names(words: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Class names, which may hold commas themselves, and lists of them."""
    lists = ([word] if word in names else word.split(",") for word in words)
    return tuple(name for each in lists for name in each if name)


def _split(words: Sequence[str]) -> list[str]:
    """Words and lists with commas as one list, each word once."""
    return list(dict.fromkeys(filter(None, ",".join(words).split(","))))
