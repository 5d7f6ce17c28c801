"""A pool's images through the image tower of a model, once, to memory or to a store."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal._batches import Transformed, check_batches, target_device
from openal._items import item_input, require_map_style
from openal.errors import ArgumentError
from openal.learners._open_clip import (
    PRECISIONS,
    ImagesOnly,
    ImageText,
    ImageTower,
    as_image,
)
from openal.learners._weight_files import Stamp, stamp_of
from openal.learners.encoder import Encoder
from openal.pool import Pool
from openal.store import Embeddings, build_store
from openal.store._files import MANIFEST

__all__ = ["EmbeddingSettings", "embed", "keep", "store_stamp"]


@dataclass(frozen=True)
class EmbeddingSettings:
    """Where and how images are embedded, and where their embeddings are kept."""

    store: str | Path | None
    device: str | torch.device | None
    batch_size: int | None
    workers: int
    precision: str | None
    preprocess: bool
    items: Any

    def __post_init__(self) -> None:
        check_batches(self.batch_size, self.workers)
        if self.precision not in PRECISIONS:
            raise ArgumentError(f"precision must be one of {PRECISIONS}, got {self.precision!r}.")
        if self.items is not None:
            require_map_style(self.items, "items")

    def read_from(self, pool: Pool) -> Pool:
        """The pool whose items are embedded: with those of its own, if there are any."""
        if self.items is None:
            return pool
        if len(self.items) != len(pool):
            raise ArgumentError(
                f"items has {len(self.items)} items, and the pool {len(pool)}; the encoder must "
                f"see the same items in the same order."
            )
        return Pool(self.items)


def embed(
    model: Callable[[], ImageText],
    settings: EmbeddingSettings,
    pool: Pool,
    indices: np.ndarray,
    progress: bool | None,
) -> Tensor:
    """Embeddings [n, D] of unit length in float32."""
    pool = settings.read_from(pool)
    tower, transform = _parts(model, settings, pool)
    encoder = Encoder(
        tower,
        device=target_device(settings.device),
        batch_size=settings.batch_size,
        workers=settings.workers,
        transform=transform,
    )
    return encoder.signals(pool, indices, ("embeddings",), progress=progress)["embeddings"]


def keep(
    model: Callable[[], ImageText],
    settings: EmbeddingSettings,
    fingerprint: Callable[[], dict[str, str]],
    pool: Pool,
    progress: bool | None,
) -> Embeddings:
    """The embeddings of the whole pool in the store, computed where they are missing."""
    pool = settings.read_from(pool)
    tower, transform = _parts(model, settings, pool)
    embeddings = build_store(
        str(settings.store),
        pool.items if transform is None else Transformed(pool.items, transform),
        tower,
        fingerprint=fingerprint(),
        batch_size=settings.batch_size,
        workers=settings.workers,
        device=target_device(settings.device),
        progress=progress,
    )
    for index, why in list(embeddings.reasons.items())[:1]:
        warnings.warn(
            f"{len(embeddings.reasons)} items cannot be embedded, the first is {index} ({why}); "
            f"no query asks about them.",
            stacklevel=2,
        )
    return embeddings


def store_stamp(store: str | Path | None) -> Stamp:
    """What tells whether a store was written since: its manifest, which is replaced whole."""
    return stamp_of([] if store is None else [Path(store) / MANIFEST])


def _parts(
    model: Callable[[], ImageText], settings: EmbeddingSettings, pool: Pool
) -> tuple[ImageTower, ImagesOnly | None]:
    """The image tower, and what prepares a picture for it."""
    if settings.preprocess:
        _require_images(pool.items)
    loaded = model()
    transform = ImagesOnly(loaded.preprocess) if settings.preprocess else None
    return ImageTower(loaded.network, settings.precision), transform


def _require_images(items: Any) -> None:
    """Refuse what does not begin with an image, before the model is loaded."""
    try:
        first = item_input(items[0])
    except Exception:  # an item that cannot be read is named where it is embedded
        return
    as_image(first)
