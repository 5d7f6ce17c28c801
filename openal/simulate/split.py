"""An open-set split of a labeled dataset: known and unknown classes, first answers, test items."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from openal._checks import as_count, as_integers, as_number
from openal.errors import ArgumentError
from openal.labeled import UNKNOWN
from openal.simulate._first_answers import FIRST_ANSWERS, PoolItems, keep_unknown, stratified
from openal.simulate.classes import class_names, known_classes, named_classes

__all__ = ["AnswerProtocol", "OpenSetSplit", "openset_split"]

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
) -> OpenSetSplit:
    """A pool of known and unknown items, its first answers and its test items.

    Known items are never dropped; of the unknown ones as many are kept as make `ood_ratio` of the
    pool. The same arguments give the same split.

    Args:
        labels: the class ids [n] of the dataset, 0, 1, ...
        first: the number of first answers.
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

    Returns:
        The split; its labels 0..K-1 stand for the known classes in their order.

    Raises:
        ArgumentError: what cannot be right, or cannot be had from these data.
    """
    first, labels = as_count(first, "first", minimum=1), as_integers(labels, "labels")
    names = class_names(names, labels)
    chosen = _chosen(known, mismatch, names, _legacy_seed(seed))
    _require(protocol, labels, chosen, names)
    rng = random.Random(seed)  # noqa: S311 - the reference draws unknown items, then answers, from it
    known_items, test = _held_out(labels, chosen, test_share, seed)
    unknown_items = np.flatnonzero(~np.isin(labels, chosen))
    unknown_items = keep_unknown(unknown_items, len(known_items), ood_ratio, rng)
    pool = np.sort(np.concatenate([known_items, unknown_items]))
    ratio = len(unknown_items) / len(pool) if ood_ratio is None else ood_ratio
    answered = FIRST_ANSWERS[protocol](
        PoolItems(known_items, unknown_items, labels, ratio, seed), first, rng
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
    test = stratified(known_items, labels, round(test_share * len(known_items)), seed, "test_share")
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
