"""Images on disk as embeddings: thumbnails, or the features of a pretrained network."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from openal.errors import ArgumentError
from openal.forward import Model
from openal.pool import Pool
from openal.simulate.classes import closest

__all__ = ["PIXELS", "Images", "check_encoder", "encoded"]

PIXELS = "pixels"
THUMBNAIL = 16


@dataclass(frozen=True)
class Images(Dataset[Any]):
    """Image files as what `transform` makes of them."""

    paths: Sequence[Path]
    transform: Callable[[Any], Tensor]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        from PIL import Image

        path = self.paths[index]
        try:
            with Image.open(path) as file:
                return self.transform(file.convert("RGB"))
        except Exception as error:  # a broken file may raise nearly anything
            raise ArgumentError(f"{path} cannot be read as an image: {error}") from error


def check_encoder(name: str) -> None:
    """Refuse an encoder that does not exist; nothing is downloaded."""
    from torchvision import models

    names = [PIXELS, *models.list_models(module=models)]
    if name not in names:
        raise ArgumentError(f"unknown encoder {name!r}{closest(name, names)}")


def encoded(
    images_as: Callable[[Callable[[Any], Tensor]], Dataset[Any]], encoder: str
) -> np.ndarray:
    """The embeddings float32 [n, D] of images; `images_as(transform)` is the data set of them.

    "pixels" takes thumbnails of 16 x 16 pixels less their mean; any other name is a network of
    torchvision, whose features before the last linear layer are taken.
    """
    if encoder == PIXELS:
        images: Any = images_as(_thumbnail)
        vectors = torch.stack([images[index] for index in range(len(images))])
        return (vectors - vectors.mean(dim=0)).numpy()
    module, transform = _pretrained(encoder)
    module = module.to("cuda" if torch.cuda.is_available() else "cpu")
    pool = Pool(images_as(transform))
    try:
        signals = Model(module).signals(pool, np.arange(len(pool)), ("features",))
    except ArgumentError as error:  # the data set's own words, without those around them
        raise error.__cause__ if isinstance(error.__cause__, ArgumentError) else error from None
    return np.asarray(signals["features"].cpu().numpy())


def _thumbnail(image: Any) -> Tensor:
    small = np.asarray(image.resize((THUMBNAIL, THUMBNAIL)), np.float32)
    return torch.from_numpy(small.ravel() / 255)


def _pretrained(name: str) -> tuple[torch.nn.Module, Callable[[Any], Tensor]]:
    from torchvision import models

    weights = models.get_model_weights(name).DEFAULT
    try:
        module = models.get_model(name, weights=weights, progress=sys.stderr.isatty())
    except Exception as error:  # no network, no space, a wrong checksum, half an answer...
        raise ArgumentError(
            f"the weights of {name!r} could not be downloaded ({error}); use --encoder pixels."
        ) from error
    return module, weights.transforms()
