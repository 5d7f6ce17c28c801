"""What a query needs beside a memory map: some bytes per row, and never the embeddings.

Pages of a memory map count as resident until the system takes them back, so here the map gives them
back after every read. Then the kernel's own high-water mark of resident memory (VmHWM) is that of
the query, to the last page and without a sampler that could miss a peak.
`OPENAL_SLOW=1` asks about a million items, which takes minutes and a gigabyte of disk.
"""

import mmap
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openal.informativeness import Entropy
from openal.labeled import UNKNOWN, LabeledSet
from openal.learners import EmbeddingClassifier
from openal.pool import Pool
from openal.purity import KnownNeighbors, NegativeLabels, PrototypePurity
from openal.query import Chain, QueryStrategy
from openal.selection import Filter, Top
from openal.strategies import (
    CLIPNAL,
    JSOSAL,
    NEAT,
    KnownKMeans,
    LfOSA,
    NEATPassive,
    OpenMax,
    Uncertainty,
)

DIMENSIONS, CLASSES = 512, 10
STATUS = Path("/proc/self/status")
SIZE = 150_000
FIXED = 350 * 2**20  # bytes: blocks, what the first use of a library loads, a classifier's training
PER_ROW = 1024  # bytes: half of what a copy of the embeddings in single precision takes

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells anonymous memory"),
]


def texts(count: int) -> torch.Tensor:
    return torch.randn(count, DIMENSIONS, generator=torch.Generator().manual_seed(count))


def chained(purity: Callable[[], Any]) -> Callable[[], QueryStrategy]:
    return lambda: Chain(Filter(purity(), above=0.5), Top(Entropy()))


STRATEGIES: dict[str, Callable[[], QueryStrategy]] = {
    "NEAT": NEAT,
    "NEATPassive": NEATPassive,
    "KnownKMeans": KnownKMeans,
    "CLIPNAL": lambda: CLIPNAL((texts(CLASSES), -texts(CLASSES))),
    "PrototypePurity": chained(PrototypePurity),
    "KnownNeighbors": chained(lambda: KnownNeighbors(k=5)),
    "NegativeLabels": chained(lambda: NegativeLabels(texts(CLASSES), negatives=texts(200))),
    "LfOSA": LfOSA,
    "JSOSAL": JSOSAL,
    "OpenMax": OpenMax,
    "Uncertainty": Uncertainty,
}

NEIGHBORS = ("NEAT", "NEATPassive", "KnownKMeans", "KnownNeighbors")
"""Those that meet each candidate with many rows: a table of all pairs would show in them."""


class Mapped(np.memmap):
    """A memory map that keeps no page of what was read."""

    def __getitem__(self, rows: Any) -> Any:
        found = np.array(super().__getitem__(rows))
        if getattr(self, "_mmap", None) is not None:
            self._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
        return found


def resident(mark: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(mark))
    return int(line.split()[1]) * 1024


def query_twice(name: str, n: int, path: str) -> int:
    """How far resident memory rises in two queries, with new answers between them."""
    torch.set_num_threads(1)
    mapped = Mapped(path, np.float16, "r", shape=(n, DIMENSIONS))
    before = resident("VmRSS")
    pool = Pool(embeddings=mapped, logits=EmbeddingClassifier(steps=20))
    labeled, strategy = LabeledSet(n, CLASSES), STRATEGIES[name]()
    for start in (0, 300):
        answers = np.arange(start, start + 300)
        labeled.add(answers, np.where(answers % 3, answers % CLASSES, UNKNOWN))
        strategy.query(pool, labeled, 100, seed=0, progress=False)
    return resident("VmHWM") - before


def main(path: str, n: str, *names: str) -> None:
    """Print the peaks; every query is in a process of its own, forked after the imports."""
    context = multiprocessing.get_context("fork")
    for name in names:
        with ProcessPoolExecutor(1, context) as process:
            peak = process.submit(query_twice, name, int(n), path).result()
        sys.stdout.write(f"{name} {peak}\n")
        sys.stdout.flush()


def peaks(path: Path, n: int, names: Iterable[str]) -> dict[str, int]:
    command = [sys.executable, __file__, str(path), str(n), *names]
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **TIDY}
    )
    return {name: int(peak) for name, peak in map(str.split, run.stdout.splitlines())}


def mapped_points(path: Path, n: int) -> Path:
    """Twenty clusters of float16 points, of which ten are those of the classes."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(2 * CLASSES, DIMENSIONS)).astype(np.float16)
    noise = rng.normal(size=(1000, DIMENSIONS)).astype(np.float16)
    mapped = np.memmap(path, np.float16, "w+", shape=(n, DIMENSIONS))
    for start in range(0, n, 1000):
        rows = np.arange(start, min(n, start + 1000))
        mapped[rows] = centers[rows % len(centers)] + rng.permuted(noise, axis=1)[: len(rows)]
    mapped.flush()
    return path


# With these glibc gives back what is freed at once, so that what is measured is what is in use.
TIDY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}


def test_a_query_needs_a_few_numbers_per_row(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One test, so that the points are made once, whoever runs the others."""
    points = mapped_points(tmp_path / "points", SIZE)
    found = peaks(points, SIZE, STRATEGIES)
    for name, peak in found.items():
        with subtests.test(name):
            assert peak < FIXED + SIZE * PER_ROW
    for name, peak in peaks(points, SIZE // 2, NEIGHBORS).items():
        with subtests.test(f"{name}: twice the items need less more than a copy of them"):
            assert found[name] - peak < SIZE // 2 * DIMENSIONS * 4  # float32


@pytest.mark.skipif(not os.environ.get("OPENAL_SLOW"), reason="OPENAL_SLOW=1 asks for a million")
def test_a_million_items_need_less_than_a_gibibyte(tmp_path: Path) -> None:
    found = peaks(mapped_points(tmp_path / "points", 10**6), 10**6, STRATEGIES)
    assert {name: peak for name, peak in found.items() if peak >= 2**30} == {}


if __name__ == "__main__":
    main(*sys.argv[1:])
