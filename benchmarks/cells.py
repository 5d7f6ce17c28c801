"""Cells: open pools of real embeddings, each with a share of unknown items and a start.

`cell("pets", 0.6, "cold", seed=0)` draws the same pool for every strategy. `Source` makes cells of
any embeddings with labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.shared import load

__all__ = ["DEVELOPMENT", "LARGE", "POOLS", "REGRESSION", "Cell", "Key", "Source", "cell", "drawn"]

Start = Literal["known", "random", "cold"]
TEST_SHARE = 0.35
"""The share of each known class that is held out to measure accuracy."""


class Key(NamedTuple):
    """Which pool, the share of unknown items in it, and how it starts."""

    pool: str
    share: float
    start: Start

    def __str__(self) -> str:
        return f"{self.pool} {self.share:.0%} {self.start}"


@dataclass(frozen=True, eq=False)
class Cell:
    """A pool with hidden classes, and what accuracy is measured on.

    Attributes:
        embeddings: of the pool, float32 [N, D].
        labels: the hidden class of each item, int64 [N]: 0..K-1, or -1 for unknown.
        first: the indices that are answered at the start, int64 [f].
        test_embeddings: held-out items of known classes, float32 [M, D].
        test_labels: their classes, int64 [M].
        num_classes: K.
        budget: answers in a round.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    first: np.ndarray
    test_embeddings: np.ndarray
    test_labels: np.ndarray
    num_classes: int
    budget: int


@dataclass(frozen=True)
class Source:
    """Where the items of a cell come from, and how many answers it gets.

    Attributes:
        known: the name of the data set some of whose classes are known.
        num_classes: K, drawn by the seed.
        far: names of data sets that are unknown as a whole.
        near_share: the share of the unknown that are of the other classes of `known`.
        start: of the development cell: "known" has first answers of every class, "random" of any
            item, "cold" none.
        per_class: first answers for each class, where the start is "known".
        budget: answers in a round, and first answers, where the start is "random".
        cap: how many known items there are at most, and how many unknown ones.
    """

    known: str
    num_classes: int
    far: tuple[str, ...] = ()
    near_share: float = 1.0
    start: Start = "random"
    per_class: int = 1
    budget: int = 40
    cap: int = 3000


CLIP = {"caltech": "caltech101", "pets": "oxford_pets", "food": "food101", "imagenet": "imagenet"}
POOLS: Mapping[str, Source] = {
    "pets": Source("pets", 20, ("caltech", "food", "imagenet"), 0.5, "known", 2),
    "caltech": Source("caltech", 40, ("pets", "food", "imagenet"), 0.5, "cold"),
    "food": Source("food", 40, ("pets", "caltech", "imagenet"), 0.5, "random"),
    "cifar": Source("cifar", 4, ("tiny",), 0.7, "known", 2, budget=20),
    "tiny": Source("tiny", 40, budget=80),
    "large cifar": Source("cifar jpeg", 4, budget=100, cap=15_000),
    "large tiny": Source("tiny", 40, budget=100, cap=15_000),
}
DEVELOPMENT = (
    *(Key("pets", share, "known") for share in (0.2, 0.6, 0.9)),
    *(Key("pets", share, "cold") for share in (0.6, 0.9)),
    *(Key("caltech", share, "cold") for share in (0.2, 0.6, 0.9)),
    *(Key("food", share, "random") for share in (0.2, 0.6, 0.9)),
    Key("food", 0.9, "cold"),
    *(Key("cifar", share, "known") for share in (0.2, 0.6)),
    *(Key("tiny", share, "random") for share in (0.2, 0.6)),
)
"""The cells on which the default was found: those of docs/defaults.md."""

LARGE = tuple(
    Key(f"large {pool}", share, "random") for pool in ("cifar", "tiny") for share in (0.6, 0.8)
)
"""Pools of 9,800 to 15,000 items."""

REGRESSION = (
    Key("pets", 0.2, "known"),
    Key("pets", 0.6, "cold"),
    Key("caltech", 0.6, "cold"),
    Key("food", 0.6, "random"),
)


@cache
def vectors(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The embeddings, of length one where they are CLIP's, and the labels of a data set."""
    if name in CLIP:
        arrays = load(f"clip_vitb32/{CLIP[name]}.npz")
        parts = [part for part in ("test", "val") if f"{part}_emb" in arrays] or ["fewshot"]
        rows = np.concatenate([arrays[f"{part}_emb"] for part in parts]).astype(np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows, np.concatenate([arrays[f"{part}_label"] for part in parts]).astype(int)
    if name == "cifar jpeg":
        arrays = load("mbv2_cifar10_jpeg_20k_10k.npz")
        return arrays["train_F"] * np.float32(arrays["scale"]), arrays["train_y"].astype(int)
    file = {"cifar": "mbv2_cifar10_raw5000", "tiny": "mbv2_tiny_imagenet_30k"}[name]
    arrays = load(f"{file}.npz")
    return arrays["F"].astype(np.float32) * np.float32(arrays["scale"]), arrays["y"].astype(int)


def cell(pool: str, share: float, start: Start, seed: int) -> Cell:
    """The cell of one of `POOLS`, drawn by the seed."""
    source = POOLS[pool]
    rows, labels = vectors(source.known)
    far = np.concatenate([rows[:0], *(vectors(name)[0] for name in source.far)])
    generator = np.random.default_rng([seed, _number(pool), int(share * 100)])
    return drawn(source, rows, labels, far, share, start, generator)


def drawn(
    source: Source,
    rows: np.ndarray,
    labels: np.ndarray,
    far: np.ndarray,
    share: float,
    start: Start,
    generator: np.random.Generator,
) -> Cell:
    """A cell, `share` of whose items are unknown.

    `rows` [n, D] have `labels` [n]; `far` [m, D] are unknown as a whole.
    """
    known = generator.permutation(labels.max() + 1)[: source.num_classes]
    is_known, name = np.isin(labels, known), np.full(labels.max() + 1, -1)
    name[known] = np.arange(len(known))
    generator.permutation(np.flatnonzero(is_known))
    test, rest = _held_out(labels, known, generator)
    near = generator.permutation(np.flatnonzero(~is_known))
    order = generator.permutation(len(far))
    n_known, n_near, n_far = _sizes(
        len(rest), len(near), len(far), share, source.near_share, source.cap
    )
    ahead, others = _first_of_each(labels[rest], known, source, start, generator)
    kept = rest[np.concatenate([ahead, others])[: max(n_known, len(ahead))]]
    embeddings = np.concatenate([rows[kept], rows[near[:n_near]], far[order[:n_far]]])
    hidden = np.concatenate([name[labels[kept]], np.full(n_near + n_far, -1)])
    answered = np.arange(len(hidden)) < (len(ahead) if start == "known" else 0)
    shuffle = generator.permutation(len(hidden))
    answered = answered[shuffle]
    if start == "random":
        answered[generator.permutation(len(hidden))[: source.budget]] = True
    return Cell(
        np.ascontiguousarray(embeddings[shuffle]),
        hidden[shuffle],
        np.flatnonzero(answered),
        rows[test],
        name[labels[test]],
        source.num_classes,
        source.budget,
    )


def _number(pool: str) -> int:
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(pool))


def _held_out(
    labels: np.ndarray, known: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of known classes for testing, and those for the pool, shuffled."""
    test, rest = list[int](), list[int]()
    for label in known:
        members = generator.permutation(np.flatnonzero(labels == label))
        cut = max(1, round(TEST_SHARE * len(members)))
        test += list(members[:cut])
        rest += list(members[cut:])
    return np.array(test), generator.permutation(rest)


def _sizes(
    rest: int, near: int, far: int, share: float, near_share: float, cap: int
) -> tuple[int, int, int]:
    """How many known, near and far unknown items: as many as there are, in the right shares."""
    n_known = min(rest, int(cap * (1 - share)))
    n_unknown = min(cap, round(n_known * share / (1 - share)))
    n_near = min(near, round(n_unknown * near_share))
    n_far = min(far, n_unknown - n_near)
    n_near = min(near, n_unknown - n_far)
    n_unknown = n_near + n_far
    return min(n_known, round(n_unknown * (1 - share) / share)), n_near, n_far


def _first_of_each(
    labels: np.ndarray,
    known: np.ndarray,
    source: Source,
    start: Start,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The places that stand ahead, so that every class is in the pool, and the others."""
    ahead = np.unique(labels, return_index=True)[1]
    others = generator.permutation(np.setdiff1d(np.arange(len(labels)), ahead))
    if start == "known":
        places = [np.flatnonzero(labels == label)[: source.per_class] for label in known]
        ahead = np.concatenate(places)
        others = generator.permutation(np.setdiff1d(np.arange(len(labels)), ahead))
    return ahead, others
