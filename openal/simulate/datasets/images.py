"""The data sets of the papers, through torchvision, and folders laid out like them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import plain_bytes
from openal._image_reader import Reading
from openal._optional import optional
from openal.errors import ArgumentError
from openal.simulate.datasets._folders import class_files, labeled_folder, read_pixels

__all__ = ["DATASETS", "ImageData", "image_data", "reduced", "tiny_imagenet"]

ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
NAME = "tiny-imagenet-200"
SIDE = 64

Part = tuple[np.ndarray, np.ndarray]
"""Pixels uint8 [n, H, W, 3] and class ids int64 [n]."""

Channels = tuple[float, float, float]


def tiny_imagenet(folder: Path) -> tuple[tuple[str, ...], Part, Part]:
    """Class names, and pixels [n, 64, 64, 3] with class ids [n] to learn from and to test with.

    Downloaded into `folder` where it is not there. Classes are in the order of their WordNet ids;
    one that shares its name with another has its id, too.
    """
    root = folder / NAME
    if not root.is_dir():
        _download(folder)
    files = class_files(root / "train").paths
    ids = [*files]
    paths = [path for images in files.values() for path in images]
    labels = [k for k, images in enumerate(files.values()) for _ in images]
    train = read_pixels(paths, SIDE), np.array(labels, np.int64)
    return _names(root, ids), train, _validation(root / "val", ids)


def _download(folder: Path) -> None:
    utils = optional("torchvision.datasets.utils", "a download")
    try:
        utils.download_and_extract_archive(ADDRESS, str(folder), md5=MD5)
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


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images with a `title` and classes with `names`: those to learn from and those to test with.

    `train` and `test` are pixels uint8 [n, H, W, 3] and class ids int64 [n]; `test` is None where
    there are none. `mean` and `std` are of the three channels in 0..1.
    """

    title: str
    names: tuple[str, ...]
    train: Part
    test: Part | None
    mean: Channels  # of the channels in 0..1, as the papers have it, or of the images to learn from
    std: Channels
    notes: tuple[str, ...] = ()  # what was left out of a folder, and why

    @property
    def fingerprint(self) -> str:
        """What tells these images and classes from others."""
        digest = hashlib.sha256(ascii(self.names).encode())
        for pixels, labels in filter(None, (self.train, self.test)):
            digest.update(repr(pixels.shape).encode() + labels.tobytes())
            digest.update(np.ascontiguousarray(pixels).data)
        return digest.hexdigest()


def image_data(name: str, folder: Path, reading: Reading | None = None) -> ImageData:
    """A data set of the papers, downloaded where it is not there, or one's own.

    Args:
        name: "cifar10", "cifar100", "tiny-imagenet" (tested on its validation part), or the path
            of a folder that holds a folder per class; or `train` and `test` (or `val`) that do.
        folder: where the data sets of the papers are, or are put.
        reading: how the files of a folder of one's own are read.

    Raises:
        ArgumentError: it is not there and cannot be downloaded, or a file cannot be read.
    """
    return DATASETS[name](folder) if name in DATASETS else _own(Path(name), reading)


def reduced(data: ImageData, share: float) -> tuple[ImageData, np.ndarray]:
    """A share of each class, and the indices [m] of the images to learn from that it keeps."""
    kept = _share(data.train[1], share)
    test = None
    if data.test is not None:
        rows = _share(data.test[1], share)
        test = data.test[0][rows], data.test[1][rows]
    return replace(data, train=(data.train[0][kept], data.train[1][kept]), test=test), kept


def _share(labels: np.ndarray, share: float) -> np.ndarray:
    """The rows of a share of each class, at least four images, the same ones every time."""
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    kept = [rng.permutation(of)[: max(4, round(share * len(of)))] for of in rows]
    return np.sort(np.concatenate(kept))


def _cifar10(folder: Path) -> ImageData:
    return _cifar("CIFAR10", folder, (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))


def _cifar100(folder: Path) -> ImageData:
    return _cifar("CIFAR100", folder, (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761))


def _cifar(name: str, folder: Path, mean: Channels, std: Channels) -> ImageData:
    datasets = optional("torchvision.datasets", name)
    kind: Any = getattr(datasets, name)
    try:
        train, test = (kind(folder, train=part, download=True) for part in (True, False))
    except Exception as error:  # no network, no space, a broken archive...
        raise ArgumentError(
            f"{name} is not in {folder} and cannot be downloaded ({error}); --data names the "
            f"folder that holds what torchvision.datasets.{name} reads."
        ) from error
    parts = [(part.data, np.asarray(part.targets, np.int64)) for part in (train, test)]
    return ImageData(name, tuple(train.classes), parts[0], parts[1], mean, std)


def _tiny_imagenet(folder: Path) -> ImageData:
    names, train, test = tiny_imagenet(folder)
    mean, std = (0.4802, 0.4481, 0.3975), (0.2764, 0.2689, 0.2816)
    return ImageData("Tiny-ImageNet", names, train, test, mean, std)


def _own(folder: Path, reading: Reading | None) -> ImageData:
    if not folder.is_dir():
        words = ", ".join(DATASETS)
        raise ArgumentError(f"{folder} is not a folder of images, nor one of {words}.")
    part = _tested_with(folder)
    names, train, notes = labeled_folder(folder / "train" if part else folder, reading=reading)
    test = None
    if part:
        _, test, more = labeled_folder(folder / part, names, reading)
        notes += tuple(f"In {part}: {note}" for note in more)
    sample = train[0][:: max(1, len(train[0]) // 10_000)].reshape(-1, 3) / 255
    mean, std = sample.mean(axis=0).tolist(), np.maximum(sample.std(axis=0), 1e-3).tolist()
    channels = tuple(round(value, 4) for value in (*mean, *std))
    return ImageData(folder.resolve().name, names, train, test, channels[:3], channels[3:], notes)


def _tested_with(folder: Path) -> str | None:
    """The part to test with of a folder that holds `train`, or None where it holds classes."""
    if not (folder / "train").is_dir():
        return None
    parts = ("test", "val", "valid", "validation")
    return next((part for part in parts if (folder / part).is_dir()), None)


DATASETS: dict[str, Callable[[Path], ImageData]] = {
    "cifar10": _cifar10,
    "cifar100": _cifar100,
    "tiny-imagenet": _tiny_imagenet,
}
