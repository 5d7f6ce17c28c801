"""Images that a task network learns, beside the embeddings that choose: a folder, or two files."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from openal._image_folder import image_files
from openal._image_reader import Reading
from openal.errors import ArgumentError
from openal.simulate.datasets._array_files import read_array, read_labels
from openal.simulate.datasets._encoders import Embedder, ImagesOnDisk, embedder_of, encoded
from openal.simulate.datasets._folders import (
    SIDE,
    Pictures,
    TensorImages,
    class_files,
    read_classes,
    square,
    thumbnails_of,
)
from openal.simulate.datasets._sources import DataSource

__all__ = ["Chooser", "pixel_arrays", "pixel_folder"]


@dataclass(frozen=True)
class Chooser:
    """What the embeddings are that only choose: an `encoder` by name, or those in a file or store.

    With the encoder "none" there are no embeddings, and strategies learn from the images too.
    """

    encoder: str | None
    embeddings: Path | None

    def embedder(self, rows: np.ndarray, count: int) -> Embedder | None:
        """How `rows` [n] of `count` images are embedded, if at all."""
        return embedder_of(self.encoder, self.embeddings, None, rows, count)


def pixel_folder(
    folder: Path,
    chooser: Chooser,
    *,
    side: int | None = None,
    besides: Iterable[Path] = (),
    reading: Reading | None = None,
) -> DataSource:
    """Images in a folder per class as squares of `side` pixels (32), as networks learn them.

    An encoder sees the images themselves. Embeddings in a file or a store have a row for each image
    in the order of their names, as `openal embed` has them; an image that cannot be read is left
    out with its row.
    """
    besides, reading = [*besides], reading or Reading()
    files = class_files(folder, besides=besides)
    images = read_classes(folder, files, reading, partial(square, size=side or SIDE))
    names = image_files(folder, besides=besides).names
    position = {folder / name: row for row, name in enumerate(names)}
    rows = np.array([position[path] for path in images.paths], np.int64)
    embedder = chooser.embedder(rows, len(names))
    if embedder is not None and chooser.embeddings is None:
        made, encoder = partial(ImagesOnDisk, images.paths, reading=reading), embedder.name
        embedder = replace(embedder, embed=lambda *_: encoded(made, encoder))
    classes = images.labels, tuple(files.paths)
    pixels = np.stack(images.values)
    return _source(folder.resolve().name, pixels, pixels, classes, embedder, images.notes)


def pixel_arrays(
    images: Path, labels: Path, chooser: Chooser, *, side: int | None = None
) -> DataSource:
    """Pixels uint8 [n, H, W, 3] in a .npy file, and their labels in another (`read_labels`)."""
    pixels, classes = read_array(images), read_labels(labels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3:
        given = f"{pixels.dtype} {list(pixels.shape)}"
        raise ArgumentError(f"{images} must hold pixels uint8 [n, H, W, 3], got {given}.")
    if len(pixels) != len(classes[0]):
        counts = f"{images} has {len(pixels)} rows; {labels} has {len(classes[0])} labels."
        raise ArgumentError(counts)
    embedder = chooser.embedder(np.arange(len(pixels)), len(pixels))
    return _source(images.name, pixels, _squares(pixels, side), classes, embedder, ())


def _squares(pixels: np.ndarray, side: int | None) -> np.ndarray:
    """The images at `side` pixels; None leaves them as they are."""
    if side is None or pixels.shape[1:3] == (side, side):
        return pixels
    pictures = Pictures(pixels, partial(square, size=side))
    return np.stack([pictures[row] for row in range(len(pictures))])


def _source(
    title: str,
    whole: np.ndarray,
    learned: np.ndarray,
    classes: tuple[np.ndarray, tuple[str, ...]],
    embedder: Embedder | None,
    notes: tuple[str, ...],
) -> DataSource:
    """The data: an embedder sees the `whole` images, a network what is `learned`."""
    labels, names = classes
    digest = hashlib.sha256(ascii((names, learned.shape, embedder and embedder.name)).encode())
    digest.update(labels.tobytes() + np.ascontiguousarray(learned).tobytes())
    return DataSource(
        title=title,
        labels=labels,
        names=names,
        fingerprint=digest.hexdigest(),
        embeddings=None if embedder is None else partial(embedder.embed, whole, Path()),
        thumbnails=partial(thumbnails_of, Pictures(whole)),
        items=TensorImages(learned),
        notes=notes,
    )
