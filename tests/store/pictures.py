"""Folders of tiny pictures, all of the same size in bytes, and the stores that are made of them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.store import Embeddings, Images, image_names
from openal.store._listing import Listing
from openal.store._matching import Match
from openal.store._spec import StoreSpec
from openal.store.build import Filling, fill_with_images

BROKEN = b"no picture at all"
LONG_AGO = 10**18


def picture(color: int) -> bytes:
    """A file of one pixel."""
    return b"P6 1 1 255\n" + bytes([color % 256, color // 256 % 256, 7])


def write(folder: Path, **colors: int) -> None:
    """Write `a=3` to `a.ppm`, as a new file in the place of an old one."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, color in colors.items():
        put(folder / f"{name}.ppm", picture(color))


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)


def pixels(image: Any) -> Tensor:
    return torch.from_numpy(np.asarray(image, np.float32).reshape(-1))


def same(x: Tensor) -> Tensor:
    return x


def row_of(color: int) -> list[float]:
    """What the store holds of a picture."""
    return [color % 256, color // 256 % 256, 7]


def update(
    folder: Path,
    photos: Path,
    *,
    encode: Callable[[Tensor], Tensor] = same,
    before: Listing | None = None,
    reread: bool = False,
    transform: Callable[[Any], Any] = pixels,
    shard_rows: int = 4,
    part: tuple[int, int] = (0, 1),
) -> tuple[Embeddings, Match]:
    """Fill a store with what a folder holds now, four rows to a file; what had changed."""
    told: list[Match] = []
    filling = Filling(folder.absolute(), encode, torch.device("cpu"), 0, part, False)
    images = Images(photos, image_names(photos), transform)
    spec = StoreSpec(None, {"encoder": "pixels"}, None, shard_rows, 3)
    fill_with_images(filling, images, spec, before=before, reread=reread, tell=told.append)
    (match,) = told
    return Embeddings(folder, partial=part[1] > 1), match


def rows_by_name(store: Embeddings) -> dict[str, list[float]]:
    """The rows of what is there, by name without its ending."""
    gone, names = {*store.retired.tolist()}, store.names or ()
    return {
        os.path.splitext(name)[0]: store[row].tolist()
        for row, name in enumerate(names)
        if row not in gone
    }
