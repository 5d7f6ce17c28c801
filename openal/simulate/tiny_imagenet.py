"""Tiny-ImageNet as it comes: a folder per class to learn from, one for all to test with."""

from pathlib import Path

import numpy as np

from openal.errors import ArgumentError
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
    rows = [line.split("\t")[:2] for line in _lines(folder / "val_annotations.txt")]
    pixels = read_pixels([folder / "images" / name for name, _ in rows], SIDE)
    return pixels, np.array([position[name] for _, name in rows], np.int64)


def _names(root: Path, ids: list[str]) -> tuple[str, ...]:
    """The first word for each class."""
    words = dict(line.split("\t")[:2] for line in _lines(root / "words.txt"))
    first = [words.get(name, name).split(",")[0] for name in ids]
    return tuple(
        f"{word} ({name})" if first.count(word) > 1 else word
        for word, name in zip(first, ids, strict=True)
    )


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except OSError as error:
        raise ArgumentError(f"{path} cannot be read: {error}") from error
