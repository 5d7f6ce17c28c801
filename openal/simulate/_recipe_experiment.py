"""The experiment of `openal simulate --recipe NAME`, and the strategies that can take part."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from openal._checks import as_count
from openal._image_reader import reading_of
from openal._version import __version__
from openal.errors import ArgumentError
from openal.learners import CLIP, PixelResNet18
from openal.query import QueryStrategy
from openal.simulate._arguments import missing_signals, ratios_of, seeds_of, strategies_of
from openal.simulate._detector_task import DetectorAsClassifier
from openal.simulate._recipe_summary import ChosenRecipe
from openal.simulate.bounds import with_bounds
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.datasets._encoders import Embedder, embedder_of
from openal.simulate.datasets._folders import Pictures, TensorImages, thumbnails_of
from openal.simulate.datasets._sources import DataSource
from openal.simulate.datasets.images import DATASETS, ImageData, image_data, reduced
from openal.simulate.grid import Experiment
from openal.simulate.recipes import Recipe, recipe_of
from openal.strategies import CLIPNAL

__all__ = ["STAND_IN", "needs_embeddings", "recipe_experiment", "recipe_strategies"]

OFFERED = frozenset({"items", "features", "logits"})
STAND_IN = "(CLIP)"
"""What the name of a strategy ends in that reads negated texts of a CLIP instead of CLIPN's."""


def needs_embeddings(strategies: Iterable[QueryStrategy]) -> bool:
    """Whether a strategy reads what networks on images do not give."""
    return any(missing_signals(strategy, OFFERED) for strategy in strategies)


def recipe_strategies(
    named: Sequence[str] | None, usual: Sequence[str], embedder: Embedder | None
) -> tuple[dict[str, QueryStrategy], tuple[str, ...]]:
    """The strategies that are named, or else the usual ones that can be had; notes on the others.

    A strategy of CLIPN's texts has negated texts of a CLIP where there is no CLIPN: it goes by
    another name then, and a note says so.
    """
    offered = OFFERED | ({"embeddings"} if embedder else frozenset())
    strategies: dict[str, QueryStrategy] = {}
    notes: list[str] = []
    for name, default in strategies_of(named or usual).items():
        strategy = _with_texts(default, embedder)
        missing = missing_signals(strategy, offered)
        if missing and named:
            raise ArgumentError(f"{name} {_lack(missing)}")
        if missing:
            notes.append(f"Left out: {name}, which {_lack(missing)}")
        elif strategy is not default and embedder and isinstance(embedder.texts, CLIP):
            strategies[f"{name}{STAND_IN}"] = strategy
            notes.append(_stand_in(name, embedder.name))
        else:
            strategies[name] = strategy
    if not strategies:
        raise ArgumentError(" ".join(notes))
    return strategies, tuple(notes)


def _with_texts(strategy: QueryStrategy, embedder: Embedder | None) -> QueryStrategy:
    if isinstance(strategy, CLIPNAL) and embedder is not None and embedder.texts is not None:
        return replace(strategy, texts=embedder.texts)
    return strategy


def _stand_in(name: str, encoder: str) -> str:
    return (
        f"{name}{STAND_IN} reads negated texts of {encoder}, a stand-in for those of CLIPN, whose "
        f"weights are not given (--clipn FILE)."
    )


def _lack(missing: Sequence[str]) -> str:
    """What a strategy lacks, and which argument gives it."""
    if {"yes_cosines", "no_cosines"} & {*missing}:
        return "reads what CLIPN's texts say: give --clipn FILE, or --encoder MODEL/TAG of a CLIP."
    if "embeddings" in missing:
        return "reads embeddings: give --encoder NAME, --embeddings FILE or --clipn FILE."
    return f"reads {missing}, which nothing here offers."


FIXED = (
    *("images", "labels", "known", "protocol", "test_share", "task", "side", "epochs"),
    "copies",
)
COUNTS = ("first", "rounds", "budget")
TEST_SHARE = 0.25
"""What is held out of a folder without a test part."""


def recipe_experiment(given: argparse.Namespace) -> Experiment:
    """The experiment of a recipe; nothing is embedded yet."""
    for name in FIXED:
        if getattr(given, name) is not None:
            raise ArgumentError(f"a recipe says what --{name.replace('_', '-')} is; leave it out.")
    chosen, embedder = _chosen(given)
    strategies, notes = recipe_strategies(given.strategies, chosen.recipe.strategies, embedder)
    needed = _named(given) or needs_embeddings(strategies.values())
    source = _source(chosen.data, embedder if needed else None, given.out / "embeddings")
    return Experiment(
        source,
        strategies if given.no_bounds else with_bounds(strategies),
        _grid(given, chosen),
        chosen.recipe.seeds,
        _settings(chosen, source, embedder),
        given.out,
        is_grid=True,
        about=chosen.about,
        notes=(*chosen.data.notes, *notes),
        whole=given.whole or chosen.recipe.whole,
        tsne=given.tsne,
    )


def _chosen(given: argparse.Namespace) -> tuple[ChosenRecipe, Embedder | None]:
    scale = 1.0 if given.scale is None else given.scale
    recipe = _recipe(given, scale)
    reading = reading_of(given.max_pixels, given.bits)
    everything = image_data(recipe.data, given.data or Path("data"), reading)
    whole = len(everything.train[1])
    data, kept = reduced(everything, scale) if scale < 1 else (everything, np.arange(whole))
    embedder = _embedder(given, recipe, kept, whole)
    recipe = replace(recipe, encoder=None if embedder is None else embedder.name)
    chosen = ChosenRecipe(
        given.recipe,
        recipe,
        scale,
        data,
        kept,
        whole,
        noise=given.noise,
        skip=given.skip,
        without_classifier=given.no_classifier,
    )
    return chosen, embedder


def _recipe(given: argparse.Namespace, scale: float) -> Recipe:
    """The recipe on the data set at the scale, with what the arguments say instead."""
    recipe = recipe_of(given.recipe)
    recipe = recipe.on(given.dataset or recipe.data).scaled(scale)
    changes: dict[str, Any] = {
        name: as_count(value, name, minimum=int(name != "first"))
        for name in COUNTS
        if (value := getattr(given, name)) is not None
    }
    if given.strategies is not None:
        changes["strategies"] = tuple(strategies_of(given.strategies))
    if given.seeds is not None:
        changes["seeds"] = seeds_of(given.seeds)
    if given.mismatch is not None:
        changes["mismatch"] = ratios_of(given.mismatch, "--mismatch")
    if given.ood_ratio is not None:
        changes["ood_ratio"] = ratios_of(given.ood_ratio, "--ood-ratio", below=1)
    if given.thin:
        changes["thin"] = True
    return replace(recipe, **changes)


def _embedder(
    given: argparse.Namespace, recipe: Recipe, kept: np.ndarray, whole: int
) -> Embedder | None:
    """What the arguments name; else the recipe's, whoever reads it: others may join them later."""
    encoder = given.encoder if _named(given) else recipe.encoder
    return embedder_of(encoder, given.embeddings, given.clipn, kept, whole)


def _named(given: argparse.Namespace) -> bool:
    """Whether the arguments say what the embeddings are."""
    return any(way is not None for way in (given.encoder, given.embeddings, given.clipn))


def _grid(given: argparse.Namespace, chosen: ChosenRecipe) -> list[Conditions]:
    data, task = chosen.data, chosen.recipe.task
    network = task.factory or PixelResNet18(data.mean, data.std)
    task = replace(task, factory=network)
    recipe = replace(chosen.recipe, task=task)
    share = TEST_SHARE if data.test is None else 0.0
    more = {"test_share": share, "noise": given.noise, "skip": given.skip}
    grid = recipe.conditions(data.train[1], data.names, **more)
    if given.no_classifier:
        return [replace(conditions, task=DetectorAsClassifier(task)) for conditions in grid]
    return grid


def _settings(
    chosen: ChosenRecipe, source: DataSource, embedder: Embedder | None
) -> dict[str, Any]:
    """What the runs depend on beside the conditions; `items` are those to learn from."""
    return {
        "openal": __version__,
        "data": source.title,
        "fingerprint": source.fingerprint,
        "dataset": chosen.recipe.data if chosen.recipe.data in DATASETS else source.title,
        "items": len(source.labels),
        "recipe": chosen.name,
        "scale": chosen.scale,
        "embeddings": None if embedder is None else embedder.name,
    }


def _source(data: ImageData, embedder: Embedder | None, folder: Path) -> DataSource:
    pixels, labels = data.train
    test = None
    if data.test is not None:
        test = LabeledData(data.test[1], TensorImages(data.test[0]), names=data.names)
    return DataSource(
        title=data.title,
        labels=labels,
        names=data.names,
        fingerprint=data.fingerprint,
        embeddings=None if embedder is None else partial(embedder.embed, pixels, folder),
        thumbnails=partial(thumbnails_of, Pictures(pixels)),
        items=TensorImages(pixels),
        test=test,
    )
