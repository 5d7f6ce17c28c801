"""Where labeled data come from: scikit-learn's digits, a folder of images, or two files."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from openal.checks import as_finite
from openal.errors import ArgumentError
from openal.simulate.data import LabeledData
from openal.simulate.encode import check_encoder, encoded
from openal.simulate.labels import read_array, read_labels

__all__ = ["Source", "digits", "files", "image_folder"]

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, eq=False)
class Source:
    """Class ids [n] with names, and embeddings that are computed once all else is in order."""

    title: str
    labels: np.ndarray
    names: tuple[str, ...]
    fingerprint: str  # of everything that the embeddings are computed from
    embeddings: Callable[[], np.ndarray]

    def load(self) -> LabeledData:
        """The data with their embeddings."""
        return LabeledData(self.labels, names=self.names, embeddings=self.embeddings())


def digits() -> Source:
    """1,797 real images of handwritten digits, 8 x 8 pixels, that come with scikit-learn."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    names = tuple("0123456789")
    return _vectors("handwritten digits", pixels / np.float32(16), labels.astype(np.int64), names)


def files(embeddings: Path, labels: Path) -> Source:
    """Embeddings [n, D] in a .npy file, and their labels in another (`read_labels`)."""
    vectors = read_array(embeddings)
    if vectors.dtype.kind not in "fiu":
        raise ArgumentError(f"{embeddings} must hold real numbers, got {vectors.dtype}.")
    vectors = as_finite(vectors, str(embeddings), ndim=2).float().numpy()
    classes, names = read_labels(labels)
    if len(vectors) != len(classes):
        raise ArgumentError(
            f"{embeddings} has {len(vectors)} rows; {labels} has {len(classes)} labels."
        )
    return _vectors(embeddings.name, vectors, classes, names)


def image_folder(folder: Path, encoder: str) -> Source:
    """Images in a folder per class, such as `folder/cat/1.png`; the folders name the classes."""
    check_encoder(encoder)
    classes = _folders(folder)
    images = {each.name: _images(each) for each in classes}
    paths = [path for found in images.values() for path in found]
    labels = np.repeat(np.arange(len(images)), [len(found) for found in images.values()])
    digest = hashlib.sha256(encoder.encode())
    for path in paths:
        digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + path.read_bytes())
    embeddings = partial(encoded, paths, encoder)
    return Source(folder.resolve().name, labels, tuple(images), digest.hexdigest(), embeddings)


def _vectors(title: str, vectors: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> Source:
    vectors = np.ascontiguousarray(vectors, np.float32)
    digest = hashlib.sha256(ascii(names).encode())
    digest.update(labels.tobytes() + vectors.tobytes())
    return Source(title, labels, names, digest.hexdigest(), lambda: vectors)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder of images.")
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(found) < 2:
        raise ArgumentError(f"{folder} must hold a folder per class, at least two.")
    return found


def _images(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise ArgumentError(f"{folder} holds no images ({' '.join(sorted(SUFFIXES))}).")
    return found
