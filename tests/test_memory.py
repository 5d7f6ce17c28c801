"""What a query needs beside a memory map: some bytes per row, and never the embeddings.

Pages of a memory map count as resident until the system takes them back, so here the map gives them
back after every read. Then the kernel's own high-water mark of resident memory (VmHWM) is that of
the query, to the last page and without a sampler that could miss a peak.

What grows with the items shows between two sizes, in blocks so small that they hide nothing; what
blocks of the usual size need is measured beside it. All processes are forked from one in which each
strategy has asked before: nothing is loaded for the first time in them.
`OPENAL_SLOW=1` asks about a million items, which takes minutes and a gigabyte of disk.
"""

import mmap
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import product
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
from openal.view import Blocks

DIMENSIONS, CLASSES = 512, 10
STATUS = Path("/proc/self/status")
FEW, MANY = 9_000, 24_000  # more than one block of the usual size, and many small ones
SMALL = Blocks(block_bytes=2**18)
FIXED = 300 * 2**20  # bytes: blocks, a classifier's training
LOADED = 200 * 2**20  # bytes: what the first use of libraries loads
PER_ROW = 1792  # bytes: less than a copy of the embeddings in single precision takes, 2048
HELD_APART = 512  # bytes: less than the rows of blocks that the heap cannot give back

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


# With these glibc gives back what is freed at once, so that what is measured is what is in use.
TIDY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "100000",
    "MALLOC_TRIM_THRESHOLD_": "100000",
}


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


def query_twice(name: str, path: str, n: int, engine: Blocks) -> None:
    """Two queries about the first n points, with new answers between them."""
    mapped = Mapped(path, np.float16, "r", shape=(n, DIMENSIONS))
    pool = Pool(embeddings=mapped, logits=EmbeddingClassifier(steps=20)).with_engine(engine)
    labeled, strategy = LabeledSet(n, CLASSES), STRATEGIES[name]()
    for start in (0, 300):
        answers = np.arange(start, start + 300)
        labeled.add(answers, np.where(answers % 3, answers % CLASSES, UNKNOWN))
        strategy.query(pool, labeled, 100, seed=0, progress=False)


def peak(name: str, path: str, n: int) -> int:
    """How far resident memory rises in two queries about n points, in blocks of the usual size."""
    before = resident("VmRSS")
    query_twice(name, path, n, Blocks())
    return resident("VmHWM") - before


def growth(name: str, path: str, n: int) -> int:
    """How much further it rises for n points than for `FEW` of them, in small blocks."""
    query_twice(name, path, FEW, SMALL)
    few = resident("VmHWM")
    query_twice(name, path, n, SMALL)
    return resident("VmHWM") - few


MEASURED = {"peak": peak, "growth": growth}


def main(path: str, names: str, *asked: str) -> None:
    """Print what was asked for, "peak 9000" or "growth 24000", of each strategy.

    Each is in a process of its own, forked after the imports and after a first query.
    """
    torch.set_num_threads(1)
    context = multiprocessing.get_context("fork")
    for name in names.split():
        query_twice(name, path, 3_000, SMALL)
    for name, (what, n) in product(names.split(), map(str.split, asked)):
        with ProcessPoolExecutor(1, context) as process:
            found = process.submit(MEASURED[what], name, path, int(n)).result()
        sys.stdout.write(f"{name} {what} {found}\n")
        sys.stdout.flush()


def measured(
    path: Path, *asked: str, names: Iterable[str] = STRATEGIES, heap: Mapping[str, str] = TIDY
) -> dict[tuple[str, str], int]:
    command = [sys.executable, __file__, str(path), " ".join(names), *asked]
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **heap}
    )
    lines = map(str.split, run.stdout.splitlines())
    return {(name, what): int(found) for name, what, found in lines}


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


NAMES = ("NEAT", "KnownKMeans", "CLIPNAL", "LfOSA") if "CI" in os.environ else (*STRATEGIES,)
"""CI is short of time; `pytest -m full` takes all."""


def test_a_query_needs_a_few_numbers_per_row(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One test, so that the points are made once, whoever runs the others."""
    points = mapped_points(tmp_path / "points", MANY)
    limits = {"peak": FIXED + FEW * PER_ROW, "growth": (MANY - FEW) * PER_ROW}
    asked = f"peak {FEW}", f"growth {MANY}"
    for (name, what), found in measured(points, *asked, names=NAMES).items():
        with subtests.test(f"{what} of {name}"):
            assert found < limits[what]


def test_the_heap_shrinks_between_blocks(tmp_path: Path) -> None:
    """As users have it: a small result that is kept between two large blocks holds them apart."""
    points = mapped_points(tmp_path / "points", n := 120_000)
    found = measured(points, f"peak {n}", names=["KnownKMeans"], heap={})
    assert found["KnownKMeans", "peak"] < FIXED + n * HELD_APART


@pytest.mark.skipif(not os.environ.get("OPENAL_SLOW"), reason="OPENAL_SLOW=1 asks for a million")
def test_a_million_items_need_less_than_a_gibibyte(tmp_path: Path) -> None:
    found = measured(mapped_points(tmp_path / "points", 10**6), f"peak {10**6}")
    assert {name: peak for name, peak in found.items() if peak + LOADED >= 2**30} == {}


if __name__ == "__main__":
    main(*sys.argv[1:])
