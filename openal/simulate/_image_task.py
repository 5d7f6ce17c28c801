"""`openal simulate --task cnn`: a network learns the images, and embeddings only choose."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from openal._image_reader import reading_of
from openal.errors import ArgumentError
from openal.learners import Classifier, CropFlip, PixelResNet18, SmallCNN
from openal.simulate.datasets._folders import TensorImages
from openal.simulate.datasets._pixel_sources import Chooser, pixel_arrays, pixel_folder
from openal.simulate.datasets._sources import DataSource

__all__ = ["ENCODER", "IMAGE_TASKS", "image_source", "image_task", "learns_images"]

ENCODER = "resnet18"
SAMPLE = 4_000
"""How many images tell the mean and the deviation of the channels."""


def _small(mean: Any, std: Any, side: int, epochs: int = 25) -> Classifier:
    """Seconds of a processor for a few hundred answers."""
    return Classifier(
        SmallCNN(mean, std),
        epochs=epochs,
        batch_size=32,
        lr=0.05,
        schedule="cosine",
        augment=CropFlip(side // 8),
    )


def _resnet(mean: Any, std: Any, side: int, epochs: int = 100) -> Classifier:
    """The network and the schedule of LfOSA's code."""
    return Classifier(PixelResNet18(mean, std), epochs=epochs, augment=CropFlip(side // 8))


IMAGE_TASKS: dict[str, Callable[..., Classifier]] = {"cnn": _small, "resnet18": _resnet}
"""The task networks that learn images from scratch, by the names that `--task` has for them."""


def learns_images(given: argparse.Namespace) -> bool:
    """Whether the arguments name a network on images; an error for what only that has."""
    if given.task in IMAGE_TASKS:
        return True
    for name in ("side", "epochs"):
        if getattr(given, name) is not None:
            raise ArgumentError(f"--{name} is for --task {' and '.join(IMAGE_TASKS)}.")
    return False


def image_source(given: argparse.Namespace) -> DataSource:
    """The images that the arguments name, and what their embeddings come from."""
    if given.images is None:
        raise ArgumentError(f"--task {given.task} learns images: give --images FOLDER or FILE.npy.")
    if given.side is not None and given.side < 8:
        raise ArgumentError(f"--side must be at least 8 pixels, got {given.side}.")
    encoder = given.encoder or (None if given.embeddings else ENCODER)
    chooser = Chooser(encoder, given.embeddings)
    if given.images.is_dir() or given.labels is None:
        return _folder(given, chooser)
    if given.max_pixels is not None or given.bits is not None:
        raise ArgumentError("--max-pixels and --bits are for a folder of images.")
    return pixel_arrays(given.images, given.labels, chooser, side=given.side)


def _folder(given: argparse.Namespace, chooser: Chooser) -> DataSource:
    if given.labels is not None:
        raise ArgumentError("--images names the classes already; leave --labels out.")
    if given.out.resolve() == given.images.resolve():
        raise ArgumentError(f"--out {given.out} is the folder of images; give another one.")
    reading = reading_of(given.max_pixels, given.bits)
    besides = [given.out, *([given.embeddings] if given.embeddings else [])]
    return pixel_folder(given.images, chooser, side=given.side, besides=besides, reading=reading)


def image_task(given: argparse.Namespace, source: DataSource) -> Classifier:
    """The network that every round trains anew on the images of the source."""
    items: TensorImages = source.items
    pixels = items.pixels
    step = max(1, len(pixels) // SAMPLE)
    sample = pixels[::step].reshape(-1, 3) / 255
    mean, std = sample.mean(axis=0), np.maximum(sample.std(axis=0), 1e-3)
    channels = (tuple(round(float(value), 4) for value in values) for values in (mean, std))
    more = {} if given.epochs is None else {"epochs": given.epochs}
    return IMAGE_TASKS[given.task](*channels, min(pixels.shape[1:3]), **more)
