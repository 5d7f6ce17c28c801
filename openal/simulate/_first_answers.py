"""The random choices of an open-set split: items held out, dropped, and answered first."""

import random
from dataclasses import dataclass

import numpy as np

from openal.errors import ArgumentError

__all__ = ["FIRST_ANSWERS", "PoolItems", "keep_unknown", "stratified"]


@dataclass(frozen=True, eq=False)
class PoolItems:
    """The dataset indices of a pool, `known` and `unknown`, and what the choices depend on.

    `labels` are those of the whole dataset, `ratio` is the share of unknown items that was asked
    for, and `seed` that of the split.
    """

    known: np.ndarray  # int64, ascending
    unknown: np.ndarray  # int64, ascending
    labels: np.ndarray  # int64 [n], of the whole dataset
    ratio: float  # the share of unknown items that was asked for
    seed: int


def keep_unknown(
    unknown: np.ndarray, num_known: int, ratio: float | None, rng: random.Random
) -> np.ndarray:
    """As many of `unknown` as make the share `ratio` beside `num_known` known items; None: all."""
    if ratio is None:
        return unknown
    if not 0 <= ratio < 1:
        raise ArgumentError(f"ood_ratio must be at least 0 and below 1, got {ratio}.")
    count = round(num_known * ratio / (1 - ratio))
    if count > len(unknown):
        most = len(unknown) / (num_known + len(unknown))
        raise ArgumentError(
            f"ood_ratio {ratio:g} needs {count} unknown items beside {num_known} known ones; "
            f"there are {len(unknown)}, enough for {int(most * 1000) / 1000:g}."
        )
    return np.sort(np.array(rng.sample(unknown.tolist(), count), np.int64))


def stratified(
    items: np.ndarray, labels: np.ndarray, count: int, seed: int, name: str
) -> np.ndarray:
    """`count` of the items, each class in proportion; at least one of each stays and one goes."""
    from sklearn.model_selection import train_test_split

    if count in (0, len(items)):
        return items[:count]
    sizes = np.unique(labels[items], return_counts=True)[1]
    if sizes.min() < 2 or not len(sizes) <= count <= len(items) - len(sizes):
        raise ArgumentError(
            f"{name} takes {count} of {len(items)} known items of {len(sizes)} classes, the "
            f"smallest of {sizes.min()}; each class must give at least one and keep one."
        )
    halves = train_test_split(items, stratify=labels[items], test_size=count, random_state=seed)
    return np.asarray(halves[1])


def _mixed(items: PoolItems, count: int, rng: random.Random) -> np.ndarray:
    """Known items, stratified, and the pool's share of unknown ones."""
    num_unknown = round(count * items.ratio)  # truncating both, as the framework does, can lose one
    if num_unknown > len(items.unknown) or count - num_unknown > len(items.known):
        raise _too_many(count, len(items.known) + len(items.unknown))
    known = stratified(items.known, items.labels, count - num_unknown, items.seed, "first")
    unknown = np.array(rng.sample(items.unknown.tolist(), num_unknown), np.int64)
    return np.concatenate([known, unknown])


def _balanced(items: PoolItems, count: int, rng: random.Random) -> np.ndarray:
    """Known items only, equally many of each class; what cannot be divided goes to the first."""
    classes = np.unique(items.labels[items.known])
    chosen: list[int] = []
    for rank, k in enumerate(classes.tolist()):
        members = items.known[items.labels[items.known] == k].tolist()
        share = count // len(classes) + (rank < count % len(classes))
        if share > len(members):
            raise ArgumentError(
                f"first takes {share} items of class {k}, which has {len(members)} in the pool."
            )
        chosen += rng.sample(members, share)
    return np.array(chosen, np.int64)


def _anything(items: PoolItems, count: int, rng: random.Random) -> np.ndarray:
    """Any items of the pool."""
    everything = np.sort(np.concatenate([items.known, items.unknown])).tolist()
    if count > len(everything):
        raise _too_many(count, len(everything))
    return np.array(rng.sample(everything, count), np.int64)


def _too_many(count: int, size: int) -> ArgumentError:
    return ArgumentError(f"first takes {count} items; the pool has {size}.")


FIRST_ANSWERS = {"clipnal": _mixed, "known": _balanced, "random": _anything}
