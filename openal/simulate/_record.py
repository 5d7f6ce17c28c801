"""What a report shows beside the runs: classes, a map of the items, versions and hardware."""

import os
import platform
from collections.abc import Iterable, Iterator
from importlib import metadata
from io import BytesIO
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import write_whole
from openal._version import __version__
from openal.simulate.data import LabeledData
from openal.simulate.datasets._sources import DataSource
from openal.simulate.loop import Run

__all__ = ["DATA", "asked_first", "hardware", "plane", "versions", "write_data"]

DATA = "data.npz"
FITTED = 50_000
SHOWN = 2_000


def write_data(folder: Path, source: DataSource, data: LabeledData, runs: Iterable[Run]) -> None:
    """Write `data.npz`: labels, names, `xy` where there are embeddings, thumbnails of images.

    `xy` are the first two principal components; thumbnails are of at most 2,000 of the items
    that were asked about, those of the first and the last rounds first.
    """
    arrays: dict[str, Any] = {"labels": data.labels, "names": np.array(data.names, np.str_)}
    if source.embeddings is not None:
        everything = np.arange(len(data))
        arrays["xy"] = plane(data.pool(everything).take("embeddings", everything).numpy())
    if source.thumbnails is not None:
        shown = np.array(list(islice(asked_first(runs), SHOWN)), np.int64)
        arrays |= {"thumbnails": source.thumbnails(shown), "thumbnail_indices": shown}
    file = BytesIO()
    np.savez(file, **arrays)
    write_whole(folder / DATA, file.getvalue())


def plane(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components float32 [n, 2] of vectors [n, D]."""
    from sklearn.decomposition import PCA

    vectors = np.asarray(vectors, np.float32)
    rows = np.random.default_rng(0).permutation(len(vectors))[:FITTED]
    count = min(2, vectors.shape[1], len(rows))
    with np.errstate(all="ignore"):  # shares of no variance at all, where rows are alike
        components = PCA(count, random_state=0).fit(vectors[np.sort(rows)]).transform(vectors)
    xy = np.zeros((len(vectors), 2), np.float32)
    xy[:, :count] = components
    return xy


def asked_first(runs: Iterable[Run]) -> Iterator[int]:
    """Every item that was asked about, once: of the first and the last rounds, then inwards."""
    asked = [run.asked for run in runs]
    rounds = max(map(len, asked), default=0)
    seen: set[int] = set()
    for start in range((rounds + 1) // 2):
        queries = [run[at] for run in asked for at in (start, -1 - start) if start < len(run)]
        for same_place in zip_longest(*queries):  # the best of every query, then the second...
            for index in same_place:
                if index is not None and index not in seen:
                    seen.add(index)
                    yield index


PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")


def versions() -> dict[str, str]:
    """Of the packages that numbers depend on."""
    by_name = {"openal": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            by_name[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return by_name


def hardware() -> str:
    """Processor and GPU in one line."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} cores of {_processor()}, {gpu}, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
