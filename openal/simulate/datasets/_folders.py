"""Images in a folder per class, kept in memory as bytes."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from openal._image_folder import image_files
from openal._image_reader import Note, Notes, Reading, read_image, why_unread
from openal.errors import ArgumentError

__all__ = [
    "SIDE",
    "THUMBNAIL",
    "ClassFiles",
    "Pictures",
    "ReadImages",
    "TensorImages",
    "class_files",
    "labeled_folder",
    "read_classes",
    "read_pixels",
    "square",
    "thumbnails_of",
]

THUMBNAIL = 32


@dataclass(frozen=True, eq=False)
class TensorImages(Dataset[Any]):
    """Pixels uint8 [n, H, W, 3] as tensors uint8 [3, H, W]: the items that networks read."""

    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.pixels[index]).permute(2, 0, 1)


@dataclass(frozen=True, eq=False)
class Pictures(Dataset[Any]):
    """Pixels uint8 [n, H, W, 3] as PIL images, or as what `transform` makes of these."""

    pixels: np.ndarray
    transform: Callable[[Any], Any] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Any:
        from PIL import Image

        image = Image.fromarray(self.pixels[index])
        return image if self.transform is None else self.transform(image)


def square(image: Any, size: int) -> np.ndarray:
    """The middle of a PIL image as pixels uint8 [size, size, 3]."""
    from PIL import Image, ImageOps

    fitted = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(fitted, np.uint8)


def thumbnails_of(images: Any, indices: np.ndarray) -> np.ndarray:
    """The images at `indices` [m], PIL images by index, as uint8 [m, 32, 32, 3]."""
    found = [square(images[int(index)], THUMBNAIL) for index in indices]
    return np.array(found, np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL, 3)


SIDE = 32
READERS = 8
NAMED = 50
"""How many images that cannot be read are named."""
PART = re.compile("train(ing)?|val(id(ation)?)?|dev|test(ing)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class ClassFiles:
    """The images in a folder per class, and sentences on what the folder holds beside them."""

    paths: Mapping[str, Sequence[Path]]  # by class
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ReadImages:
    """What was made of the images of classes that can be read, and sentences on the others."""

    paths: Sequence[Path]
    labels: np.ndarray  # int64 [n]
    values: Sequence[Any]
    notes: tuple[str, ...]


def class_files(folder: Path, *, besides: Iterable[Path] = ()) -> ClassFiles:
    """The images of each class, which has a folder of its name; an ArgumentError unless two do."""
    found = image_files(folder, besides=besides)
    parts = [name for name in found.folders if PART.fullmatch(name)]
    if len(parts) > 1 or (parts and len(found.folders) < 2):
        raise ArgumentError(
            f"{folder} holds parts of a data set ({', '.join(parts)}), not classes. Give one of "
            f"them, as in --images {folder / parts[0]}; a recipe learns from train and tests with "
            f"test or val (--recipe NAME --dataset {folder})."
        )
    if len(found.folders) < 2:
        raise ArgumentError(
            f"{folder} must hold a folder per class, at least two. {found.omissions()}".strip()
        )
    paths: dict[str, list[Path]] = {name: [] for name in found.folders}
    inside = [name for name in found.names if "/" in name]
    for name in inside:
        paths[name.partition("/")[0]].append(folder / name)
    for name, images in paths.items():
        if not images:
            raise ArgumentError(f"{folder / name} holds no images. {found.omissions()}".strip())
    alone = len(found.names) - len(inside)
    outside = f"Left out: {alone} outside the folders of the classes." if alone else ""
    return ClassFiles(paths, tuple(filter(None, [found.omissions(), outside])))


def read_classes(
    folder: Path, files: ClassFiles, reading: Reading, take: Callable[[Any], Any]
) -> ReadImages:
    """What `take` makes of each image; one that cannot be read is left out, counted and named."""
    paths = [path for images in files.paths.values() for path in images]
    labels = np.repeat(np.arange(len(files.paths)), [len(each) for each in files.paths.values()])
    names = [path.relative_to(folder).as_posix() for path in paths]
    notes, values = Notes(len(paths)), []
    reasons: dict[int, str] = {}
    for row, (value, note, why) in enumerate(_each(paths, reading, take)):
        notes.add(row, note)
        values += [] if why else [value]
        reasons |= {row: why} if why else {}
    _require_some(folder, [*files.paths], labels, reasons)
    kept = [row for row in range(len(paths)) if row not in reasons]
    broken = [f"{names[row]} ({why})" for row, why in reasons.items()]
    said = [*files.notes, *_told(broken), *notes.lines(names)]
    return ReadImages([paths[row] for row in kept], labels[kept], values, tuple(said))


def _told(broken: Sequence[str]) -> list[str]:
    """A sentence on the images that cannot be read, or none."""
    more = f"; and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    line = f"Left out: {len(broken)} that cannot be read: {'; '.join(broken[:NAMED])}{more}."
    return [line] if broken else []


def _require_some(
    folder: Path, classes: Sequence[str], labels: np.ndarray, reasons: Mapping[int, str]
) -> None:
    """Refuse a class none of whose images can be read."""
    left = np.bincount(np.delete(labels, [*reasons]), minlength=len(classes))
    for k in np.flatnonzero(left == 0).tolist():
        why = next(why for row, why in reasons.items() if labels[row] == k)
        raise ArgumentError(f"{folder / classes[k]} holds no image that can be read: {why}.")


def _each(
    paths: Sequence[Path], reading: Reading, take: Callable[[Any], Any]
) -> Iterator[tuple[Any, Note, str]]:
    """Of each image what `take` makes of it, the note on it, and why it cannot be read, or ""."""

    def read(path: Path) -> tuple[Any, Note, str]:
        try:
            image, note = read_image(path, reading)
            return take(image), note, ""
        except MemoryError:
            raise
        except Exception as error:  # a broken file may raise nearly anything
            return None, Note(0), why_unread(error)

    with ThreadPoolExecutor(min(READERS, os.cpu_count() or 1)) as readers:
        yield from readers.map(read, paths)


def labeled_folder(
    folder: Path, names: Sequence[str] | None = None, reading: Reading | None = None
) -> tuple[tuple[str, ...], tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
    """Class names; pixels uint8 [n, 32, 32, 3] with class ids [n] of a folder per class; notes.

    With `names`, those of the images to learn from, other classes are refused.
    """
    files = class_files(folder)
    classes = tuple(files.paths if names is None else names)
    strange = [name for name in files.paths if name not in classes]
    if strange:
        raise ArgumentError(f"{folder / strange[0]} is a class of which there is nothing to learn.")
    found = read_classes(folder, files, reading or Reading(), partial(square, size=SIDE))
    positions = np.array([classes.index(name) for name in files.paths], np.int64)
    return classes, (np.stack(found.values), positions[found.labels]), found.notes


def read_pixels(paths: Sequence[Path], side: int) -> np.ndarray:
    """The middle of each image, uint8 [n, side, side, 3]; an error names a broken file."""
    pixels = np.empty((len(paths), side, side, 3), np.uint8)
    for row, (value, _, why) in enumerate(_each(paths, Reading(), partial(square, size=side))):
        if why:
            raise ArgumentError(f"{paths[row]} cannot be read as an image: {why}")
        pixels[row] = value
    return pixels
