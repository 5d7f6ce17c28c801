"""One small cluster for all tests that ask Ray, and a pool of real embeddings with every signal."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal import LabeledSet

NUM_CLASSES = 20
SIZE = 1200


def cluster() -> Iterator[Any]:
    """Ray with two workers on this machine, shut down afterwards."""
    ray = pytest.importorskip("ray", reason="ray: pip install openal[ray]")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=200 * 2**20,
        log_to_driver=False,
    )
    yield ray
    ray.shutdown()


def real(shared_data: Callable[[str], Path], size: int = SIZE) -> tuple[np.ndarray, LabeledSet]:
    """CLIP embeddings [n, 512] of Caltech-101 and pets, and 150 answers: 20 classes are known."""
    files = [
        np.load(shared_data(f"clip_vitb32/{name}.npz")) for name in ("caltech101", "oxford_pets")
    ]
    parts = [
        (file[f"{part}_emb"], file[f"{part}_label"] + 100 * at)
        for at, file in enumerate(files)
        for part in ("test", "val", "fewshot")
    ]
    z, labels = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = np.random.default_rng(0).permutation(len(z))[:size]
    known = np.where(labels[kept] < NUM_CLASSES, labels[kept], -1)
    labeled = LabeledSet(len(kept), NUM_CLASSES)
    labeled.add(np.arange(150), known[:150])
    return z[kept].astype(np.float32), labeled


def signals_of(z: np.ndarray, labeled: LabeledSet) -> dict[str, np.ndarray]:
    """Every standard signal, from a ridge regression on the answers."""
    rng, n, k = np.random.default_rng(1), len(z), labeled.num_classes
    targets = np.zeros((150, k + 1))
    targets[labeled.known_indices, labeled.known_labels] = 1
    targets[labeled.unknown_indices, k] = 1
    x = z[:150]
    weights = np.linalg.solve(x.T @ x + 0.1 * np.eye(x.shape[1]), x.T @ targets)
    detector = 8 * (z @ weights)
    known, unknown = detector[:, :k], detector[:, k:]
    features = np.tanh(3 * z @ rng.normal(size=(z.shape[1], 32)))
    made = {
        "embeddings": z,
        "content": z,
        "features": features,
        "logits": known,
        "mc_logits": known[:, None] + rng.normal(size=(n, 4, k)),
        "detector_logits": detector,
        "detector_features": features[:, ::-1],
        "evidence_logits": detector,
        "head_logits": np.stack([1 - known, known - 1], axis=1),
        "binary_logits": np.hstack([known.max(axis=1, keepdims=True), unknown]),
        "predicted_loss": -known.max(axis=1),
        "yes_cosines": np.clip(0.25 + 0.02 * known, -1, 1),
        "no_cosines": np.clip(0.25 - 0.02 * known, -1, 1),
        "prompt_logits": 25 + detector,
    }
    return {name: np.ascontiguousarray(values, np.float32) for name, values in made.items()}
