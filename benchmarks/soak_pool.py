"""A large pool on disk, and what people would answer: real embeddings, each several times.

CLIP's embeddings of four data sets where they are, 20 classes of Caltech-101 known; else clusters.
Every repetition has noise of its own. Every fiftieth item is one about which nobody can tell.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.real_pools import four_data_sets
from openal import SKIPPED, UNKNOWN

__all__ = ["CLASSES", "SoakPool", "made"]

CLASSES, DIMENSIONS, BLOCK = 20, 512, 10_000
NOISE = 0.3  # the length of what is added to a unit vector: cosines of .92 between repetitions


@dataclass(frozen=True)
class SoakPool:
    """Three arrays in a folder."""

    folder: Path
    source: str

    @property
    def embeddings(self) -> np.ndarray:
        """Unit vectors [n, 512], float16, a memory map."""
        return np.load(self.folder / "embeddings.npy", mmap_mode="r")

    @property
    def answers(self) -> np.ndarray:
        """The answer to each item, int64 [n]."""
        return np.load(self.folder / "answers.npy")

    def logits(self, number: int) -> np.ndarray:
        """What a network of that round says, float32 [n, K]: a new array for every round."""
        scale = np.random.default_rng(number).uniform(15, 25, CLASSES).astype(np.float32)
        return np.load(self.folder / "cosines.npy", mmap_mode="r") * scale


def made(folder: Path, items: int) -> SoakPool:
    """Write the arrays."""
    rows, labels, source = _vectors()
    rng = np.random.default_rng(0)
    centers = _unit(np.stack([rows[labels == k].mean(axis=0) for k in range(CLASSES)]))
    which = rng.permutation(np.arange(items) % len(rows))
    mapped, cosines = (
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, (items, columns))
        for name, dtype, columns in (
            ("embeddings", np.float16, DIMENSIONS),
            ("cosines", np.float32, CLASSES),
        )
    )
    for start in range(0, items, BLOCK):
        part = slice(start, start + BLOCK)
        noise = rng.standard_normal((len(which[part]), DIMENSIONS), np.float32)
        mapped[part] = block = _unit(rows[which[part]] + NOISE * _unit(noise))
        cosines[part] = block @ centers.T
    mapped.flush()
    cosines.flush()
    answers = np.where(labels[which] < CLASSES, labels[which], UNKNOWN)
    answers[::50] = SKIPPED
    np.save(folder / "answers.npy", answers)
    return SoakPool(folder, source)


def _vectors() -> tuple[np.ndarray, np.ndarray, str]:
    """Unit vectors [n, 512], their classes [n], and what they are."""
    try:
        data, rows = four_data_sets()
    except SystemExit:  # they are not there
        rng = np.random.default_rng(1)
        labels = rng.integers(0, 10 * CLASSES, BLOCK)
        centers = rng.standard_normal((10 * CLASSES, DIMENSIONS), np.float32)
        noise = rng.standard_normal((BLOCK, DIMENSIONS), np.float32)
        return _unit(centers[labels] + noise), labels, "clusters"
    return _unit(rows), np.asarray(data.labels), f"{len(rows):,} embeddings of CLIP"


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
