"""What the arguments of `openal simulate` stand for, and the experiment without a recipe."""

import argparse
from collections.abc import Sequence, Set
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, Literal

from openal._checks import as_count, as_number
from openal._image_reader import reading_of
from openal._version import __version__
from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.parts import as_stage
from openal.pool import Learner
from openal.query import Chain, QueryStrategy
from openal.simulate._image_task import ENCODER, image_source, image_task, learns_images
from openal.simulate._own_strategy import named_strategies
from openal.simulate._strategy_words import split_words
from openal.simulate.bounds import with_bounds
from openal.simulate.classes import known_classes
from openal.simulate.conditions import Conditions
from openal.simulate.datasets._sources import DataSource, digits, files, image_folder
from openal.simulate.datasets._store_source import store_source
from openal.simulate.grid import Experiment, conditions_at

__all__ = [
    "DEFAULTS",
    "ON_DIGITS",
    "copies_of",
    "counts_of",
    "known_names",
    "missing_signals",
    "plain_experiment",
    "ratios_of",
    "seeds_of",
    "strategies_of",
]


def strategies_of(words: Sequence[str]) -> dict[str, QueryStrategy]:
    """The named strategies, with default arguments or with those in their brackets."""
    named = named_strategies(words)
    if not named:
        raise ArgumentError("--strategies must name at least one strategy.")
    return named


def copies_of(word: str) -> Literal["ask", "skip"] | float:
    """What is done with copies of answered items: "ask", "skip", or the cosine of near ones."""
    if word in ("ask", "skip"):
        return word  # type: ignore[return-value]
    try:
        return float(word)
    except ValueError:
        raise ArgumentError(f"--copies must be ask, skip or a cosine, got {word!r:.60}.") from None


def _with_copies(
    strategies: dict[str, QueryStrategy], word: str | None
) -> dict[str, QueryStrategy]:
    """The strategies, which then treat copies as `--copies` says."""
    if word is None:
        return strategies
    copies = copies_of(word)
    return {name: Chain(as_stage(each), copies=copies) for name, each in strategies.items()}


def missing_signals(strategy: QueryStrategy, offered: Set[str]) -> list[str]:
    """The signals that a strategy reads and nobody offers, given "items" or embeddings."""
    learners = getattr(strategy, "learners", ())
    signals = set(offered)
    for _ in learners:  # one may read what another offers
        able = [learner for learner in learners if {*learner.reads} <= signals]
        signals.update(*(learner.offers for learner in able))
    return sorted({*getattr(strategy, "reads", ())} - signals)


def seeds_of(words: Sequence[str]) -> tuple[int, ...]:
    """One number: so many seeds from 0. Several, or one with a comma: these seeds."""
    seeds = split_words(words)
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise ArgumentError(f"--seeds must be a number, or seeds such as 3,7, got {words}.")
    numbers = [int(seed) for seed in seeds]
    if len(numbers) == 1 and "," not in words[0]:
        numbers = list(range(numbers[0]))
    if len(set(numbers)) < max(1, len(numbers)):
        raise ArgumentError(f"--seeds must be at least one, and distinct, got {words}.")
    return tuple(numbers)


def counts_of(words: Sequence[str], name: str) -> list[int]:
    """One number of at least 1, or several, such as 500,1000."""
    try:
        counts = [int(word) for word in split_words(words)]
    except ValueError as error:
        raise ArgumentError(f"{name} must be numbers such as 500,1000, got {words}.") from error
    if len(set(counts)) < max(1, len(counts)):
        raise ArgumentError(f"{name} must be at least one number, and distinct, got {words}.")
    return [as_count(count, name.removeprefix("--"), minimum=1) for count in counts]


def ratios_of(words: Sequence[str], name: str, *, below: float = inf) -> tuple[float, ...]:
    """One share of at most 1 or several, such as 0.2,0.4; all of them `below` another one."""
    try:
        ratios = tuple(float(word) for word in split_words(words))
    except ValueError as error:
        raise ArgumentError(f"{name} must be shares such as 0.2,0.4, got {words}.") from error
    if len(set(ratios)) < max(1, len(ratios)):
        raise ArgumentError(f"{name} must be at least one share, and distinct, got {words}.")
    return tuple(as_number(ratio, name, minimum=0, maximum=1, below=below) for ratio in ratios)


def known_names(words: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Class names, which may hold commas themselves, and lists of them."""
    lists = ([word] if word in names else word.split(",") for word in words)
    return tuple(name for known in lists for name in known if name)


DEFAULTS: dict[str, Any] = {
    "protocol": "known",
    "test_share": 0.25,
    "strategies": ("Random", "Uncertainty", "NEAT", "LfOSA", "JSOSAL", "KnownKMeans"),
    "rounds": 10,
    "budget": 20,
    "seeds": ("5",),
    "task": "logistic",
    "out": "openal-simulation",
}
ON_DIGITS = {"first": 0, "rounds": 8, "budget": 10}
"""The defaults without data: from no answer on, where there is something to gain."""

FIRST_PER_CLASS = 10
HIDDEN = 128
OFFERED = frozenset({"embeddings", "features", "logits"})
OFFERED_BESIDE_IMAGES = OFFERED | {"items"}
OF_RECIPES = ("dataset", "data", "scale", "clipn")


def plain_experiment(given: argparse.Namespace) -> Experiment:
    """The experiment on digits, on two files or on a folder of images; nothing is encoded yet."""
    _refuse_options_of_recipes(given)
    strategies, seeds = strategies_of(given.strategies), seeds_of(given.seeds)
    strategies = _with_copies(strategies, given.copies)
    source = _source(given)
    _require_offered(strategies, source)
    grid = _grid(given, source)
    settings = {"openal": __version__, "data": source.title, "fingerprint": source.fingerprint}
    if given.embeddings and source.items is not None:
        settings["embeddings"] = given.embeddings.name
    elif given.images:
        settings["encoder"] = given.encoder or ENCODER
    return Experiment(
        source,
        strategies if given.no_bounds else with_bounds(strategies),
        grid,
        seeds,
        settings,
        given.out,
        is_grid=len(grid) > 1,
        notes=source.notes,
        whole=given.whole,
        tsne=given.tsne,
    )


def _refuse_options_of_recipes(given: argparse.Namespace) -> None:
    for name in OF_RECIPES:
        if getattr(given, name) is not None:
            raise ArgumentError(f"--{name} is for --recipe.")
    if given.no_classifier:
        raise ArgumentError("--no-classifier is for --recipe.")


def _require_offered(strategies: dict[str, QueryStrategy], source: DataSource) -> None:
    """Refuse a strategy that reads what the data lack."""
    offered = OFFERED if source.items is None else OFFERED_BESIDE_IMAGES
    offered -= {"embeddings"} if source.embeddings is None else frozenset()
    for name, strategy in strategies.items():
        missing = missing_signals(strategy, offered)
        if missing:
            cure = "; give --encoder NAME or --embeddings FILE." if "embeddings" in missing else "."
            raise ArgumentError(f"{name} reads {missing}, which nothing here offers{cure}")


def _source(given: argparse.Namespace) -> DataSource:
    if learns_images(given):
        return image_source(given)
    if given.encoder and not given.images:
        raise ArgumentError("--encoder is for --images and --recipe.")
    if given.images and (given.embeddings or given.labels):
        raise ArgumentError("--images names the data already; leave --embeddings, --labels out.")
    if not given.images and (given.max_pixels is not None or given.bits is not None):
        raise ArgumentError("--max-pixels and --bits are for --images and --recipe.")
    if given.embeddings and given.embeddings.is_dir():
        _require_other_folder(given, given.embeddings, "the store")
        return store_source(given.embeddings, given.labels)
    if bool(given.embeddings) != bool(given.labels):
        raise ArgumentError(
            "--embeddings and --labels belong together; a store of openal embed may stand alone."
        )
    if given.images:
        return _images(given)
    return files(given.embeddings, given.labels) if given.embeddings else digits()


def _images(given: argparse.Namespace) -> DataSource:
    _require_other_folder(given, given.images, "the folder of images")
    encoder, reading = given.encoder or ENCODER, reading_of(given.max_pixels, given.bits)
    return image_folder(given.images, encoder, besides=[given.out], reading=reading)


def _require_other_folder(given: argparse.Namespace, source: Path, what: str) -> None:
    if given.out.resolve() == source.resolve():
        raise ArgumentError(f"--out {given.out} is {what}; give another one.")


def _grid(given: argparse.Namespace, source: DataSource) -> Sequence[Conditions]:
    """The conditions as the arguments describe them, at every pair of ratios."""
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
        task=_task(given, source),
        thin=given.thin,
    )
    grid = conditions_at(conditions, shares, ratios)
    return grid if given.first is not None else [_with_first(at, source) for at in grid]


def _task(given: argparse.Namespace, source: DataSource) -> Learner:
    if source.items is not None:
        return image_task(given, source)
    return EmbeddingClassifier(hidden=HIDDEN if given.task == "mlp" else None)


def _with_first(conditions: Conditions, source: DataSource) -> Conditions:
    """As many first answers per known class as there are by default."""
    known = conditions.known or known_classes(len(source.names), conditions.mismatch, 0)
    return replace(conditions, first=FIRST_PER_CLASS * len(known))
