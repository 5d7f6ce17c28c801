"""Small data sets on the disk, laid out like the real ones."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)
COLORS = np.random.default_rng(7).integers(0, 200, (100, 3))


def images(labels: np.ndarray, side: int = 32) -> np.ndarray:
    """Images uint8 [n, side, side, 3] whose color tells the class."""
    base = COLORS[labels][:, None, None] + RNG.integers(0, 50, (len(labels), side, side, 3))
    return base.astype(np.uint8)


def write_cifar(folder: Path, name: str, per_class: int, patch: pytest.MonkeyPatch) -> Any:
    """A small CIFAR as torchvision reads it; its checksums are put in the place of the real."""
    from torchvision import datasets

    kind, count = getattr(datasets, name), 10 if name == "CIFAR10" else 100
    root, fine = folder / kind.base_folder, count == 100
    root.mkdir(parents=True)
    found: dict[bool, tuple[np.ndarray, np.ndarray]] = {}
    for train, lists in ((True, kind.train_list), (False, kind.test_list)):
        parts = []
        for file, _ in lists:
            labels = RNG.permutation(np.repeat(np.arange(count), max(1, per_class // len(lists))))
            parts.append((images(labels), labels))
            rows = parts[-1][0].transpose(0, 3, 1, 2).reshape(len(labels), -1)
            key = "fine_labels" if fine else "labels"
            (root / file).write_bytes(pickle.dumps({"data": rows, key: labels.tolist()}))
        found[train] = tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[assignment]
        attribute = "train_list" if train else "test_list"
        patch.setattr(kind, attribute, [[file, _md5(root / file)] for file, _ in lists])
    names = [f"thing {k}" for k in range(count)]
    meta = {**kind.meta}
    (root / meta["filename"]).write_bytes(pickle.dumps({meta["key"]: names}))
    patch.setattr(kind, "meta", {**meta, "md5": _md5(root / meta["filename"])})
    return found


def write_folders(folder: Path, per_class: int, classes: int = 5) -> Path:
    """`train` and `test` with a folder per class."""
    for part, count in (("train", per_class), ("test", 3)):
        labels = np.repeat(np.arange(classes), count)
        for number, (image, k) in enumerate(zip(images(labels), labels, strict=True)):
            path = folder / part / f"kind {k}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return folder


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
