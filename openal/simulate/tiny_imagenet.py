"""Tiny-ImageNet as it comes: a folder per class to learn from, one for all to test with."""

from pathlib import Path

import numpy as np

from openal.errors import ArgumentError
from openal.files import plain_bytes
from openal.simulate.labeled_folders import class_folders, image_files, read_pixels

__all__ = ["tiny_imagenet"]

ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
NAME = "tiny-imagenet-200"
SIDE = 64

Part = tuple[np.ndarray, np.ndarray]


def tiny_imagenet(folder: Path) -> tuple[tuple[str, ...], Part, Part]:
    """Class names, and pixels [n, 64, 64, 3] with class ids [n] to learn from and to test with.

    Downloaded into `folder` where it is not there. Classes are in the order of their WordNet ids;
    one that shares its name with another has its id, too.
    """
    root = folder / NAME
    if not root.is_dir():
        _download(folder)
    ids = [each.name for each in class_folders(root / "train")]
    paths = [path for name in ids for path in image_files(root / "train" / name)]
    labels = [k for k, name in enumerate(ids) for _ in image_files(root / "train" / name)]
    train = read_pixels(paths, SIDE), np.array(labels, np.int64)
    return _names(root, ids), train, _validation(root / "val", ids)


def _download(folder: Path) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    try:
        download_and_extract_archive(ADDRESS, str(folder), md5=MD5)
    except Exception as error:  # no network, no space, a broken archive...
        raise ArgumentError(
            f"{NAME} is not in {folder} and cannot be downloaded ({error}); --data names the "
            f"folder in which {NAME}.zip was unpacked."
        ) from error


def _validation(folder: Path, ids: list[str]) -> Part:
    position = {name: k for k, name in enumerate(ids)}
    path = folder / "val_annotations.txt"
    rows = _pairs(path)
    for number, (image, name) in enumerate(rows, 1):
        if image in ("", "..") or Path(image).name != image or name not in position:
            raise ArgumentError(
                f"{path}, line {number}: the name of an image and a class to learn were expected, "
                f"got {image!r:.60} and {name!r:.60}."
            )
    pixels = read_pixels([folder / "images" / image for image, _ in rows], SIDE)
    return pixels, np.array([position[name] for _, name in rows], np.int64)


def _names(root: Path, ids: list[str]) -> tuple[str, ...]:
    """The first word for each class."""
    words = dict(_pairs(root / "words.txt"))
    first = [words.get(name, name).split(",")[0] for name in ids]
    return tuple(
        f"{word} ({name})" if first.count(word) > 1 else word
        for word, name in zip(first, ids, strict=True)
    )


def _pairs(path: Path) -> list[tuple[str, str]]:
    """The first two of the words that tabs part in each line."""
    try:
        lines = [line for line in plain_bytes(path).decode().splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if "\t" not in line:
            raise ArgumentError(f"{path}, line {number}: a tab was expected, got {line!r:.60}.")
    pairs = (line.split("\t") for line in lines)
    return [(first, second) for first, second, *_ in pairs]
