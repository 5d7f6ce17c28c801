"""Images that a task network learns, each with the frozen embedding that chooses."""

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from benchmarks.shared import load, location
from openal.simulate import LabeledData
from openal.simulate.datasets._folders import TensorImages

__all__ = ["DATA", "Images", "cifar10", "cifar10_jpeg", "tiny_imagenet"]

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
SAMPLE = 4_000
"""How many images tell the mean and the deviation of the channels."""

TESTED = 15
"""How many of the fifty images of a class of Tiny-ImageNet are for testing."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images to learn from and to test with, and the mean and deviation of their channels."""

    train: LabeledData
    test: LabeledData
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def cifar10(side: int) -> Images:
    """4,000 and 1,000 lossless images of CIFAR-10, with MobileNetV2 embeddings."""
    arrays, vectors = load("cifar10_raw5000.npz"), load("mbv2_cifar10_raw5000.npz")
    rows = vectors["F"].astype(np.float32) * np.float32(vectors["scale"])
    is_test = arrays["split"] == 1
    return _images(arrays["x"], arrays["y"], rows, is_test, CLASSES, side)


def tiny_imagenet(side: int) -> Images:
    """The 10,000 images to validate Tiny-ImageNet with: of each of 200 classes 35 and 15."""
    arrays, vectors = load("tiny_imagenet_val10k_32px.npz"), load("mbv2_tiny_imagenet_30k.npz")
    rows = vectors["F"][-len(arrays["y"]) :].astype(np.float32) * np.float32(vectors["scale"])
    order = np.argsort(arrays["y"], kind="stable").reshape(len(arrays["wnid"]), -1)
    is_test = np.zeros(len(arrays["y"]), bool)
    is_test[order[:, -TESTED:]] = True
    return _images(arrays["x"], arrays["y"], rows, is_test, arrays["wnid"].tolist(), side)


def cifar10_jpeg(side: int) -> Images:
    """20,000 and 10,000 images of CIFAR-10 as JPEG, with MobileNetV2 embeddings."""
    vectors = load("mbv2_cifar10_jpeg_20k_10k.npz")
    pixels = _unpacked([*vectors["train_file"], *vectors["test_file"]])
    rows = np.concatenate([vectors["train_F"], vectors["test_F"]])
    labels = np.concatenate([vectors["train_y"], vectors["test_y"]])
    is_test = np.arange(len(labels)) >= len(vectors["train_y"])
    scaled = rows.astype(np.float32) * np.float32(vectors["scale"])
    return _images(pixels, labels, scaled, is_test, CLASSES, side)


def _unpacked(names: list[str]) -> np.ndarray:
    """The pixels uint8 [n, 32, 32, 3] of files in the archive of CIFAR-10."""
    from PIL import Image

    place = {str(name): row for row, name in enumerate(names)}
    pixels = np.empty((len(names), 32, 32, 3), np.uint8)
    with tarfile.open(location("cifar10_jpeg.tar.xz")) as archive:
        for member in archive:
            if member.name in place:
                content: Any = archive.extractfile(member)
                image = Image.open(BytesIO(content.read())).convert("RGB")
                pixels[place[member.name]] = np.asarray(image)
    return pixels


def _images(
    pixels: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray,
    is_test: np.ndarray,
    names: list[str],
    side: int,
) -> Images:
    pixels = smaller(pixels, side)
    train, test = (
        LabeledData(
            labels[of].astype(np.int64), TensorImages(pixels[of]), names=names, embeddings=rows[of]
        )
        for of in (~is_test, is_test)
    )
    learned = pixels[~is_test]
    sample = learned[:: max(1, len(learned) // SAMPLE)].reshape(-1, 3) / 255
    mean, std = sample.mean(axis=0).round(4).tolist(), sample.std(axis=0).round(4).tolist()
    return Images(train, test, tuple(mean), tuple(std))


def smaller(pixels: np.ndarray, side: int) -> np.ndarray:
    """Images uint8 [n, 32, 32, 3] as means of squares of them [n, side, side, 3]."""
    if side == pixels.shape[1]:
        return pixels
    step = pixels.shape[1] // side
    squares = pixels.reshape(len(pixels), side, step, side, step, 3)
    return np.rint(squares.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)


DATA: dict[str, Callable[[int], Images]] = {
    "cifar10": cifar10,
    "tiny-imagenet": tiny_imagenet,
    "cifar10-jpeg": cifar10_jpeg,
}
