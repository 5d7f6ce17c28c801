"""Images in a folder per class."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openal.errors import ArgumentError
from openal.simulate.pictures import square

__all__ = ["class_folders", "image_files", "labeled_folder", "read_pixels"]

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
