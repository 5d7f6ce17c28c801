"""An open-set split of a labeled dataset: known and unknown classes, first answers, test items."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from openal._checks import as_count, as_integers, as_number
from openal.errors import ArgumentError
from openal.labeled import UNKNOWN
from openal.simulate.classes import class_names, known_classes, named_classes

__all__ = ["FIRST_ANSWERS", "AnswerProtocol", "OpenSetSplit", "openset_split"]

AnswerProtocol = Literal["clipnal", "known", "random"]


@dataclass(frozen=True, eq=False)
class OpenSetSplit:
    """A part of a dataset as a pool 0..N-1 with hidden truth, first answers and test items.

    The pool's own global indices are positions in `pool`.

    Attributes:
        known: the K known classes, by their ids in the dataset; label i stands for known[i].
        classes: the names of the known classes.
        pool: int64 [N], dataset indices, ascending.
        truth: int64 [N], the label of each item of the pool: 0..K-1 or UNKNOWN.
        first: int64 [first], pool indices that are answered before the first query.
        test: int64 [t], dataset indices of held-out items of known classes, ascending.
    """

    known: tuple[int, ...]
    classes: tuple[str, ...]
    pool: np.ndarray
    truth: np.ndarray
    first: np.ndarray
    test: np.ndarray

    @property
    def num_classes(self) -> int:
        """K, the number of known classes."""
        return len(self.known)

    @property
    def ood_ratio(self) -> float:
        """The share of unknown items in the pool."""
        return float((self.truth == UNKNOWN).mean())

    def relabel(self, labels: Any) -> np.ndarray:
        """Class ids of the dataset [n] as 0..K-1, or UNKNOWN."""
        return _relabel(as_integers(labels, "labels"), self.known)


def openset_split(
    labels: Any,
    *,
    first: int,
    seed: int,
    mismatch: float = 0.4,
    known: Sequence[int | str] | None = None,
    names: Sequence[str] | None = None,
    ood_ratio: float | None = None,
    protocol: AnswerProtocol = "clipnal",
    test_share: float = 0.0,
    thin: bool = False,
) -> OpenSetSplit:
    """A pool of known and unknown items, its first answers and its test items.

    Of the unknown items as many are kept as make `ood_ratio` of the pool. Known ones are dropped
    only with `thin`. The same arguments give the same split.

    Args:
        labels: the class ids [n] of the dataset, 0, 1, ...
        first: the number of first answers; 0 for a cold start: the strategy asks for the first.
        seed: chooses classes and items; 0..2**32-1.
        mismatch: the share of classes that are known, chosen by the seed (`known_classes`).
        known: the known classes in label order, by id or name, instead of `mismatch`. LfOSA, NEAT
            and JSOSAL know the first ones: `known=range(2)`.
        names: the name of each class id; by default the ids themselves.
        ood_ratio: the share of unknown items in the pool, first answers included; None keeps all.
        protocol: where the first answers come from. "clipnal": known items, stratified, and a
            share `ood_ratio` of unknown ones (CLIPNAL, table 1; MQNet). "known": known items
            only, equally many of each class (LfOSA, NEAT, EOAL, JSOSAL). "random": any items.
        test_share: the share of each known class that is held out for testing; 0 where the data
            come with a test set of their own.
        thin: whether, where there are too few unknown items for `ood_ratio`, as many known ones
            are left out, each class in proportion, as make it; else that is an error.

    Returns:
        The split; its labels 0..K-1 stand for the known classes in their order.

    Raises:
        ArgumentError: what cannot be right, or cannot be had from these data.
    """
    first, labels = as_count(first, "first"), as_integers(labels, "labels")
    names = class_names(names, labels)
    chosen = _chosen(known, mismatch, names, _legacy_seed(seed))
    _require(protocol, labels, chosen, names)
    rng = random.Random(seed)  # noqa: S311 - the reference draws unknown items, then answers, from it
    known_items, test = _held_out(labels, chosen, test_share, seed)
    unknown_items = np.flatnonzero(~np.isin(labels, chosen))
    if thin and ood_ratio is not None:
        known_items = _thinned(known_items, len(unknown_items), ood_ratio, labels, seed)
    unknown_items = _keep_unknown(unknown_items, len(known_items), ood_ratio, rng)
    pool = np.sort(np.concatenate([known_items, unknown_items]))
    ratio = len(unknown_items) / len(pool) if ood_ratio is None else ood_ratio
    answered = FIRST_ANSWERS[protocol](
        _PoolItems(known_items, unknown_items, labels, ratio, seed), first, rng
    )
    return OpenSetSplit(
        known=chosen,
        classes=tuple(names[k] for k in chosen),
        pool=pool,
        truth=_relabel(labels[pool], chosen),
        first=np.searchsorted(pool, answered),
        test=test,
    )


def _chosen(
    known: Sequence[int | str] | None, mismatch: float, names: tuple[str, ...], seed: int
) -> tuple[int, ...]:
    if known is None:
        return known_classes(len(names), mismatch, seed)
    return named_classes(known, names)


def _require(
    protocol: str, labels: np.ndarray, chosen: tuple[int, ...], names: tuple[str, ...]
) -> None:
    if protocol not in FIRST_ANSWERS:
        raise ArgumentError(f"protocol must be one of {[*FIRST_ANSWERS]}, got {protocol!r}.")
    for k in chosen:
        if k not in labels:
            raise ArgumentError(f"known class {names[k]!r} has no items.")


def _held_out(
    labels: np.ndarray, chosen: tuple[int, ...], test_share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The known items that stay, and those that are held out, both ascending."""
    if not 0 <= as_number(test_share, "test_share") < 1:
        raise ArgumentError(f"test_share must be at least 0 and below 1, got {test_share}.")
    known_items = np.flatnonzero(np.isin(labels, chosen))
    test = _stratified(
        known_items, labels, round(test_share * len(known_items)), seed, "test_share"
    )
    return np.setdiff1d(known_items, test), np.sort(test)


def _relabel(labels: np.ndarray, known: tuple[int, ...]) -> np.ndarray:
    table: np.ndarray = np.full(max(*known, labels.max(initial=0)) + 1, UNKNOWN, np.int64)
    table[list(known)] = np.arange(len(known))
    relabeled: np.ndarray = table[labels]
    return relabeled


def _legacy_seed(seed: int) -> int:
    if as_count(seed, "seed") >= 2**32:
        raise ArgumentError(f"seed must be below 2**32, got {seed}.")
    return int(seed)


@dataclass(frozen=True, eq=False)
class _PoolItems:
    """The dataset indices of a pool, `known` and `unknown`, and what the choices depend on.

    `labels` are those of the whole dataset, `ratio` is the share of unknown items that was asked
    for, and `seed` that of the split.
    """

    known: np.ndarray  # int64, ascending
    unknown: np.ndarray  # int64, ascending
    labels: np.ndarray  # int64 [n], of the whole dataset
    ratio: float  # the share of unknown items that was asked for
    seed: int


def _keep_unknown(
    unknown: np.ndarray, num_known: int, ratio: float | None, rng: random.Random
) -> np.ndarray:
    """As many of `unknown` as make the share `ratio` beside `num_known` known items; None: all."""
    if ratio is None:
        return unknown
    count = _unknown_beside(num_known, ratio)
    if count > len(unknown):
        most = len(unknown) / (num_known + len(unknown))
        raise ArgumentError(
            f"ood_ratio {ratio:g} needs {count} unknown items beside {num_known} known ones; "
            f"there are {len(unknown)}, enough for {int(most * 1000) / 1000:g}. With thin=True "
            f"(--thin) known items are left out instead."
        )
    return np.sort(np.array(rng.sample(unknown.tolist(), count), np.int64))


def _unknown_beside(num_known: int, ratio: float) -> int:
    """How many unknown items make the share `ratio` beside known ones."""
    if not 0 <= ratio < 1:
        raise ArgumentError(f"ood_ratio must be at least 0 and below 1, got {ratio}.")
    return round(num_known * ratio / (1 - ratio))


def _thinned(
    known: np.ndarray, num_unknown: int, ratio: float, labels: np.ndarray, seed: int
) -> np.ndarray:
    """As many known items, each class in proportion, as unknown ones make the share beside."""
    if _unknown_beside(len(known), ratio) <= num_unknown:
        return known
    count = round(num_unknown * (1 - ratio) / ratio)
    count -= _unknown_beside(count, ratio) > num_unknown
    classes = len(np.unique(labels[known]))
    if count < classes:
        raise ArgumentError(
            f"ood_ratio {ratio:g} leaves {count} known items beside {num_unknown} unknown ones; "
            f"each of {classes} classes must keep one."
        )
    kept: np.ndarray = known[np.sort(_evenly(labels[known], seed)[:count])]
    return kept


def _evenly(labels: np.ndarray, seed: int) -> np.ndarray:
    """The rows [n] in an order of which any first part has each class in proportion."""
    place = np.empty(len(labels))
    rng = np.random.default_rng([seed, 0x7414])
    for k in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == k))
        place[rows] = np.arange(len(rows)) / len(rows)  # 0 for one of each, so none goes missing
    return np.argsort(place, kind="stable")


def _stratified(
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


def _mixed(items: _PoolItems, count: int, rng: random.Random) -> np.ndarray:
    """Known items, stratified, and the pool's share of unknown ones."""
    num_unknown = round(count * items.ratio)  # truncating both, as the framework does, can lose one
    if num_unknown > len(items.unknown) or count - num_unknown > len(items.known):
        raise _too_many(count, len(items.known) + len(items.unknown))
    known = _stratified(items.known, items.labels, count - num_unknown, items.seed, "first")
    unknown = np.array(rng.sample(items.unknown.tolist(), num_unknown), np.int64)
    return np.concatenate([known, unknown])


def _balanced(items: _PoolItems, count: int, rng: random.Random) -> np.ndarray:
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


def _anything(items: _PoolItems, count: int, rng: random.Random) -> np.ndarray:
    """Any items of the pool."""
    everything = np.sort(np.concatenate([items.known, items.unknown])).tolist()
    if count > len(everything):
        raise _too_many(count, len(everything))
    return np.array(rng.sample(everything, count), np.int64)


def _too_many(count: int, size: int) -> ArgumentError:
    return ArgumentError(f"first takes {count} items; the pool has {size}.")


FIRST_ANSWERS = {"clipnal": _mixed, "known": _balanced, "random": _anything}
