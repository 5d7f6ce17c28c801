"""The images of a folder, in an order that stays."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from openal.errors import ArgumentError
from openal.store._files import plain_size

__all__ = ["Images", "image_names"]

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, eq=False)
class Images(Dataset[Any]):
    """The image files `names` of a folder, as what `transform` makes of them."""

    folder: Path
    names: Sequence[str]
    transform: Callable[[Any], Any]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Any:
        from PIL import Image

        path = self.folder / self.names[index]
        if not path.is_file():  # a pipe would never end
            raise ArgumentError("no plain file")
        with Image.open(path) as image:
            return self.transform(image.convert("RGB"))

    def identities(self) -> list[str]:
        """The name of each image, and its size in bytes."""
        sizes = (plain_size((self.folder / name).resolve()) for name in self.names)
        return [f"{name}\0{size}" for name, size in zip(self.names, sizes, strict=True)]


def image_names(folder: Path) -> list[str]:
    """The paths of all images below a folder, relative to it and sorted."""
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder of images.")
    paths = (Path(root, file) for root, _, files in os.walk(folder) for file in files)
    images = (path.relative_to(folder) for path in paths if path.suffix.lower() in ENDINGS)
    names = [path.as_posix() for path in sorted(images)]
    if not names:
        raise ArgumentError(f"{folder} holds no image ({', '.join(ENDINGS)}).")
    return names
