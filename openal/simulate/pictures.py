"""Images in memory as bytes: what networks read, and what people look at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["THUMBNAIL", "Pictures", "TensorImages", "square", "thumbnails_of"]

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
