"""Small worlds at random: what is drawn is a plan, short enough to read where a test fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from openal.labeled import SKIPPED, UNKNOWN
from openal.testing import World

OPEN = -3
"""The label of an item that nobody was asked about."""

SAMPLES = 3
EXPONENTS = (0, 0, -20, -6, -2, 1, 4, 20)
DTYPES = ("float32", "float32", "float64", "float16")
COSINES = ("yes_cosines", "no_cosines")

Values = Callable[[np.random.Generator, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """All that a world is made of; the same plan makes the same world.

    `lengths` and `logits` are powers of ten: how long vectors are, and how far apart logits.
    """

    labels: tuple[int, ...]  # of each item: a class, UNKNOWN, SKIPPED or OPEN
    num_classes: int = 1
    dimensions: int = 1
    flaws: tuple[str, ...] = ()
    lengths: int = 0
    logits: int = 0
    dtype: str = "float32"
    seed: int = 0

    def world(self, seed: int = 0, **_: Any) -> World:
        """The world, made anew; another seed, other values. A `MakeWorld`."""
        rng = np.random.default_rng((self.seed, seed))
        labels = np.array(self.labels)
        clusters = np.where(labels >= 0, labels, rng.integers(2 * self.num_classes, size=len(self)))
        signals = _signals(rng, clusters, self.num_classes, self.dimensions)
        asked = rng.permutation(np.flatnonzero(labels != OPEN))
        return World(
            signals={name: self._stored(name, values) for name, values in signals.items()},
            hidden=np.where(clusters < self.num_classes, clusters, UNKNOWN),
            answers={int(index): int(labels[index]) for index in asked},
            num_classes=self.num_classes,
        )

    def __len__(self) -> int:
        return len(self.labels)

    def _stored(self, name: str, values: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(self.seed)  # the same rows are flawed in every signal
        for flaw in self.flaws:
            values = FLAWS[flaw](rng, values)
        if name not in COSINES:
            vectors = name.endswith(("embeddings", "features"))
            values = values * 10.0 ** (self.lengths if vectors else self.logits)
        return values.astype(np.float32).clip(*_range(self.dtype)).astype(self.dtype)


def _range(dtype: str) -> tuple[float, float]:
    largest = min(float(np.finfo(dtype).max), 1e30)
    return -largest, largest


def _signals(rng: np.random.Generator, clusters: np.ndarray, k: int, d: int) -> dict[str, Any]:
    """Every standard signal: what an encoder, a classifier, a detector and CLIPN would say."""
    n = len(clusters)
    centers = rng.normal(size=(2 * k, d))
    embeddings = centers[clusters] + 0.5 * rng.normal(size=(n, d))
    affinity = -np.abs(embeddings[:, None] - centers).mean(axis=2) + 0.1 * rng.normal(
        size=(n, 2 * k)
    )
    known, unknown = 4 * affinity[:, :k], 4 * affinity[:, k:].max(axis=1, keepdims=True)
    return {
        "embeddings": embeddings,
        "features": np.tanh(embeddings),
        "logits": known,
        "mc_logits": known[:, None] + 0.5 * rng.normal(size=(n, SAMPLES, k)),
        "detector_logits": np.hstack([known, unknown]),
        "detector_features": np.tanh(embeddings[:, ::-1]),
        "evidence_logits": 4 * affinity,
        "head_logits": np.stack([1 - known, known - 1], axis=1),
        "binary_logits": np.hstack([known.max(axis=1, keepdims=True), unknown]),
        "predicted_loss": -known.max(axis=1),
        "yes_cosines": np.tanh(0.25 + 0.1 * affinity[:, :k] + 0.02 * rng.normal(size=(n, k))),
        "no_cosines": np.tanh(0.25 - 0.1 * affinity[:, :k] + 0.02 * rng.normal(size=(n, k))),
        "prompt_logits": 8 * affinity,
    }


def _duplicated(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    return values[rng.integers(1 + len(values) // 2, size=len(values))]


def _zeroed(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    rows = rng.random(len(values)) < 0.3
    return np.where(rows.reshape(-1, *[1] * (values.ndim - 1)), 0, values)


def _constant(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    columns = rng.random(values.shape[-1]) < 0.5 if values.ndim > 1 else rng.random() < 0.5
    return np.where(columns, values[:1], values)


def _outlying(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    row = np.arange(len(values)) == rng.integers(len(values))
    return np.where(
        row.reshape(-1, *[1] * (values.ndim - 1)), values[::-1].clip(-1, 1), values / 50
    )


FLAWS: Mapping[str, Values] = MappingProxyType(
    {
        "duplicated rows": _duplicated,
        "zero rows": _zeroed,
        "constant columns": _constant,
        "an outlier": _outlying,
        "whole numbers": lambda _, values: values.round(),
        "all rows alike": lambda _, values: values[:1].repeat(len(values), axis=0),
    }
)
"""What may be wrong with all signals of a world, by name."""


@st.composite
def plans(
    draw: st.DrawFn, *, most: int = 40, calm: bool = False, flaws: tuple[str, ...] = (*FLAWS,)
) -> Plan:
    """Any plan of up to `most` items; a calm one has single precision and ordinary sizes."""
    size, k = draw(st.integers(1, most)), draw(st.integers(1, 5))
    kind = st.sampled_from([OPEN, UNKNOWN, SKIPPED, *range(k)])
    kinds = draw(st.lists(kind, min_size=1, max_size=8, unique=True))
    flaw = st.sampled_from(flaws)
    return Plan(
        labels=draw(st.tuples(*[st.sampled_from([*kinds, OPEN])] * size)),
        num_classes=k,
        dimensions=draw(st.integers(1, 16)),
        flaws=tuple(draw(st.lists(flaw, max_size=2, unique=True))) if flaws else (),
        lengths=0 if calm else draw(st.sampled_from(EXPONENTS)),
        logits=0 if calm else draw(st.sampled_from(EXPONENTS)),
        dtype="float32" if calm else draw(st.sampled_from(DTYPES)),
        seed=draw(st.integers(0, 2**16)),
    )


def percent(share: int) -> Any:
    """Settings with so many of each hundred examples that the profile in use allows.

    The profile `nightly` has twenty times as many as the others, and how many examples passed is

        HYPOTHESIS_PROFILE=nightly pytest tests/properties --hypothesis-show-statistics |
            awk '/ passing, / {n += $2} END {print n}'
    """
    return settings(max_examples=max(1, settings().max_examples * share // 100))
