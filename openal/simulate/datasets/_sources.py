"""Sources of labeled data: scikit-learn's digits, a folder of images, or two files."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import content_of
from openal._image_reader import Reading
from openal.errors import ArgumentError
from openal.simulate.data import LabeledData
from openal.simulate.datasets._array_files import as_singles, read_array, read_labels
from openal.simulate.datasets._encoders import ImagesOnDisk, check_encoder, encoded
from openal.simulate.datasets._folders import class_files, read_classes, thumbnails_of

__all__ = ["DataSource", "Thumbnails", "digits", "files", "image_folder", "vectors_source"]

Thumbnails = Callable[[np.ndarray], np.ndarray]
"""Indices [m] -> small images uint8 [m, 32, 32, 3]."""


@dataclass(frozen=True, eq=False)
class DataSource:
    """Labeled data with a `title`; `embeddings` are computed once all else is in order.

    `labels` [n] are class ids, whose `names` are those of the classes; `fingerprint` is a digest of
    all that the embeddings are computed from, and `thumbnails` gives small images of some items.
    Where task networks read images there are `items`, and mostly a `test` set of its own.
    """

    title: str
    labels: np.ndarray
    names: tuple[str, ...]
    fingerprint: str  # of everything that the embeddings are computed from
    embeddings: Callable[[], np.ndarray] | None
    thumbnails: Thumbnails | None = None
    items: Any = None
    test: LabeledData | None = None
    notes: tuple[str, ...] = ()  # what was left out, and why

    def load(self) -> LabeledData:
        """The data with their embeddings, where they have any."""
        signals = {} if self.embeddings is None else {"embeddings": self.embeddings()}
        return LabeledData(self.labels, self.items, names=self.names, **signals)

    def noting(self, *notes: str) -> "DataSource":
        """The same, with more sentences on what was left out."""
        return replace(self, notes=(*self.notes, *notes))


def digits() -> DataSource:
    """1,797 real images of handwritten digits, 8 x 8 pixels, that come with scikit-learn."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    names = tuple("0123456789")
    vectors, classes = pixels / np.float32(16), labels.astype(np.int64)
    source = vectors_source("handwritten digits", vectors, classes, names)
    return replace(source, thumbnails=partial(_enlarged, pixels.reshape(-1, 8, 8)))


def files(embeddings: Path, labels: Path) -> DataSource:
    """Embeddings [n, D] in a .npy file, and their labels in another (`read_labels`)."""
    vectors = read_array(embeddings)
    if vectors.dtype.kind not in "fiu":
        raise ArgumentError(f"{embeddings} must hold real numbers, got {vectors.dtype}.")
    vectors = as_singles(vectors, embeddings)
    classes, names = read_labels(labels)
    if len(vectors) != len(classes):
        raise ArgumentError(
            f"{embeddings} has {len(vectors)} rows; {labels} has {len(classes)} labels."
        )
    return vectors_source(embeddings.name, vectors, classes, names)


def image_folder(
    folder: Path, encoder: str, *, besides: Iterable[Path] = (), reading: Reading | None = None
) -> DataSource:
    """Images in a folder per class, such as `folder/cat/1.png`; the folders name the classes.

    Those that cannot be read are left out, as is what lies in the folders `besides`.
    """
    check_encoder(encoder)
    reading = reading or Reading()
    files = class_files(folder, besides=besides)
    images = read_classes(folder, files, reading, lambda image: None)
    mapped = "" if reading.bits is None else f" bits={reading.bits}"
    digest = hashlib.sha256(f"{encoder}{mapped}".encode())
    for path in images.paths:
        digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + content_of(path))
    made = partial(ImagesOnDisk, images.paths, reading=reading)
    return DataSource(
        title=folder.resolve().name,
        labels=images.labels,
        names=tuple(files.paths),
        fingerprint=digest.hexdigest(),
        embeddings=partial(encoded, made, encoder),
        thumbnails=partial(thumbnails_of, made(_as_it_is)),
        notes=images.notes,
    )


def vectors_source(
    title: str, vectors: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> DataSource:
    """Vectors [n, D] that are there, of classes [n] whose ids have these names."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    names = tuple(names)
    digest = hashlib.sha256(ascii(names).encode())
    digest.update(labels.tobytes() + vectors.tobytes())
    return DataSource(title, labels, names, digest.hexdigest(), lambda: vectors)


def _enlarged(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Gray images [n, 8, 8] of 0..16 at 32 x 32 pixels, in color."""
    gray = np.rint(images[indices] * (255 / 16)).astype(np.uint8)
    large = gray.repeat(4, axis=1).repeat(4, axis=2)
    return np.repeat(large[..., None], 3, axis=3)


def _as_it_is(image: Any) -> Any:
    return image
