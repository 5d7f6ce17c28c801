"""What a query costs on a pool in a file, in one process and on two workers of Ray.

`python -m benchmarks.scale` draws 5,000,000 x 64 numbers of half precision into a file and asks
three chains about them; `--rows` draws fewer, `--width` longer ones. With `--selections DATA` it
holds selections at scale against the exact ones, on the CLIP embeddings in the folder DATA.
"""

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from openal import Chain, LabeledSet, Pool
from openal.functional.k_means import k_means
from openal.informativeness import Uniform
from openal.integrations.ray import RayEngine, TwoRoundKCenter
from openal.selection import Cover, KCenter, Top
from openal.strategies import LfOSA, NEATPassive
from openal.view import Blocks

ANSWERED, CLASSES, BUDGET = 500, 10, 500
SAMPLES = 1000, 4000, 8000


def drawn(path: Path, rows: int, width: int) -> tuple[np.ndarray, LabeledSet]:
    """Clusters in a file, the first ten of them known; 500 answers."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(40, width)).astype(np.float32)
    z = np.lib.format.open_memmap(path, "w+", np.float16, (rows, width))
    clusters = rng.integers(0, len(centers), rows)
    for start in range(0, rows, 2**18):
        block = clusters[start : start + 2**18]
        z[start : start + len(block)] = centers[block] + rng.normal(size=(len(block), width))
    z.flush()
    labeled = LabeledSet(rows, CLASSES)
    asked = rng.choice(rows, ANSWERED, replace=False)
    labeled.add(asked, np.where(clusters[asked] < CLASSES, clusters[asked], -1))
    return np.load(path, mmap_mode="r"), labeled


def anonymous(pid: int | str = "self") -> int:
    """The memory of a process that no file backs, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def workers() -> dict[int, float]:
    """The CPU seconds of each worker of Ray so far."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::"):
                fields = (path.parent / "stat").read_text().rpartition(")")[2].split()
                ticks = os.sysconf("SC_CLK_TCK")
                found[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) / ticks
        except OSError:
            continue
    return found


@contextmanager
def watched(figures: dict[str, float]) -> Iterator[None]:
    """Seconds, CPU seconds here and in workers, and the memory beyond that of before."""
    before, stop = anonymous(), threading.Event()
    peaks = [before, 0]

    def look() -> None:
        while not stop.wait(0.02):
            peaks[0] = max(peaks[0], anonymous())
            peaks[1] = max([peaks[1], *(anonymous(pid) for pid in workers())])

    thread = threading.Thread(target=look)
    thread.start()
    wall, here, there = time.monotonic(), time.process_time(), workers()
    yield
    figures["seconds"] = time.monotonic() - wall
    figures["CPU, driver"] = time.process_time() - here
    figures["CPU, workers"] = sum(t - there.get(pid, 0.0) for pid, t in workers().items())
    stop.set()
    thread.join()
    figures["MiB, driver"] = (peaks[0] - before) / 2**20
    figures["MiB, a worker"] = peaks[1] / 2**20


def asked(strategy: Any, z: np.ndarray, labeled: LabeledSet, engine: Any) -> np.ndarray:
    pool = Pool(embeddings=z).with_engine(engine)
    indices: np.ndarray = strategy.query(pool, labeled, BUDGET, seed=0, progress=False).indices
    return indices


def chains() -> dict[str, Callable[[], Any]]:
    return {
        "NEATPassive(k=10)": lambda: NEATPassive(k=10),
        "LfOSA()": LfOSA,
        "TwoRoundKCenter()": lambda: Chain(TwoRoundKCenter(part_rows=250_000)),
    }


def pool_in_a_file(rows: int, width: int) -> None:
    import ray

    with TemporaryDirectory() as folder:
        z, labeled = drawn(Path(folder) / "z.npy", rows, width)
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=256 * 2**20,
        )
        small = z[:20_000].copy(), LabeledSet(20_000, CLASSES)
        small[1].add(range(30), [*range(10), *[-1] * 20])
        asked(NEATPassive(k=10), *small, RayEngine(rows=1000))  # the workers start
        size = f"{z.nbytes / 2**20:,.0f} MiB in a file"
        print(f"{rows:,} x {width}, float16, {size}; {ANSWERED} answers", flush=True)
        for name, make in chains().items():
            picks = {}
            for engine in (Blocks(), RayEngine()):
                figures: dict[str, float] = {}
                with watched(figures):
                    picks[repr(engine)] = asked(make(), z, labeled, engine)
                told = ", ".join(f"{key} {value:.1f}" for key, value in figures.items())
                print(f"{name}, {type(engine).__name__}: {told}", flush=True)
            first, second = picks.values()
            print(f"  the same {BUDGET}: {np.array_equal(first, second)}", flush=True)
        ray.shutdown()


# --- selections, exact and at scale


def real(folder: Path) -> np.ndarray:
    files = [np.load(folder / f"clip_vitb32/{name}.npz") for name in ("caltech101", "oxford_pets")]
    files += [np.load(folder / f"clip_vitb32/{name}.npz") for name in ("food101", "imagenet")]
    parts = [file[key] for file in files for key in sorted(file) if key.endswith("_emb")]
    return np.random.default_rng(0).permutation(np.concatenate(parts)).astype(np.float32)


def nearest(z: np.ndarray, centers: Any) -> torch.Tensor:
    """The distance of each row to the nearest center."""
    x, c = torch.from_numpy(z), torch.as_tensor(centers, dtype=torch.float32)
    return torch.cat([torch.cdist(block, c).min(dim=1).values for block in x.split(2048)])


def picked(stage: Any, z: np.ndarray, budget: int, seed: int = 0) -> np.ndarray:
    chain = stage if isinstance(stage, Chain) else Chain(stage)
    pool, labeled = Pool(embeddings=z), LabeledSet(len(z), 2)
    indices: np.ndarray = chain.query(pool, labeled, budget, seed=seed, progress=False).indices
    return indices


def selections(folder: Path) -> None:
    z = real(folder)
    print(f"{len(z):,} x {z.shape[1]}, CLIP embeddings of four data sets")
    for budget in (50, 200, 500):
        k_centers(z, budget)
    for budget in (50, 200):
        k_means_costs(z, budget)
        coverage(z, budget)


def k_centers(z: np.ndarray, budget: int) -> None:
    exact = nearest(z, z[picked(KCenter("embeddings"), z, budget)]).max()
    for parts in (4, 16, 64):
        stage = TwoRoundKCenter(part_rows=-(-len(z) // parts))
        radius = nearest(z, z[picked(stage, z, budget)]).max()
        print(
            f"k-center, {budget}, {parts} parts: radius {radius:.4f}, exact {exact:.4f}: "
            f"{radius / exact:.3f}",
            flush=True,
        )


def k_means_costs(z: np.ndarray, budget: int) -> None:
    exact = nearest(z, k_means(torch.from_numpy(z), budget).centers).square().mean()
    for size in SAMPLES:
        kept = picked(Top(Uniform()), z, size)
        cost = nearest(z, k_means(torch.from_numpy(z[kept]), budget).centers).square().mean()
        told = f"{cost:.4f}, exact {exact:.4f}: {cost / exact:.3f}"
        print(f"k-means, {budget}, of {size:,} at random: {told}", flush=True)


def coverage(z: np.ndarray, budget: int, delta: float = 0.6) -> None:
    """The share of the directions within `delta` of a chosen one."""
    z = z / np.linalg.norm(z, axis=1, keepdims=True)

    def share(chosen: np.ndarray) -> float:
        return float((nearest(z, z[chosen]) <= delta).float().mean())

    exact = share(picked(Cover(delta=delta), z, budget))
    for size in SAMPLES:
        chain = Chain(Top(Uniform(), factor=size / budget), Cover(delta=delta))
        found = share(picked(chain, z, budget))
        told = f"{found:.3f}, exact {exact:.3f}"
        print(f"coverage, {budget}, of {size:,} at random: {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--selections", type=Path, metavar="DATA")
    given = parser.parse_args()
    torch.set_num_threads(1)  # two workers have one each
    if given.selections is None:
        pool_in_a_file(given.rows, given.width)
    else:
        selections(given.selections)


if __name__ == "__main__":
    main()
