"""Images in a folder per class, kept in memory as bytes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from openal.errors import ArgumentError

__all__ = [
    "THUMBNAIL",
    "Pictures",
    "TensorImages",
    "class_folders",
    "image_files",
    "labeled_folder",
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
SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def class_folders(folder: Path) -> list[Path]:
    """The folders of the classes, by name; an ArgumentError unless there are two."""
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder of images.")
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(found) < 2:
        raise ArgumentError(f"{folder} must hold a folder per class, at least two.")
    return found


def image_files(folder: Path) -> list[Path]:
    """All images below a folder, by name; an ArgumentError if there are none."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise ArgumentError(f"{folder} holds no images ({' '.join(sorted(SUFFIXES))}).")
    return found


def labeled_folder(
    folder: Path, names: Sequence[str] | None = None
) -> tuple[tuple[str, ...], tuple[np.ndarray, np.ndarray]]:
    """Class names, and pixels uint8 [n, 32, 32, 3] with class ids [n] of a folder per class.

    With `names`, those of the images to learn from, other classes are refused.
    """
    found = {each.name: image_files(each) for each in class_folders(folder)}
    classes = tuple(found if names is None else names)
    strange = [name for name in found if name not in classes]
    if strange:
        raise ArgumentError(f"{folder / strange[0]} is a class of which there is nothing to learn.")
    paths = [path for each in found.values() for path in each]
    labels = [classes.index(name) for name, each in found.items() for _ in each]
    return classes, (read_pixels(paths, SIDE), np.array(labels, np.int64))


def read_pixels(paths: Sequence[Path], side: int) -> np.ndarray:
    """The middle of each image, uint8 [n, side, side, 3]; a broken file is named."""
    pixels = np.empty((len(paths), side, side, 3), np.uint8)
    for row, path in enumerate(paths):
        pixels[row] = _read(path, side)
    return pixels


def _read(path: Path, side: int) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(os.fspath(path)) as file:
            return square(file, side)
    except Exception as error:  # a broken file may raise nearly anything
        raise ArgumentError(f"{path} cannot be read as an image: {error}") from error
