"""From a picture to an embedding: a model's own preparation, and its image tower."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from openal.errors import ArgumentError

__all__ = ["PRECISIONS", "ImageTower", "ImagesOnly", "preparation", "require_image"]

PRECISIONS = (None, "fp32", "bf16")
FAST_BF16 = (8, 0)
"""The compute capability from which on a GPU has bfloat16 of its own."""


@dataclass(frozen=True)
class ImagesOnly:
    """A model's own preparation of PIL images; anything else is refused."""

    transform: Callable[[Any], Tensor]

    def __call__(self, x: Any) -> Tensor:
        """The prepared image [3, H, W]."""
        require_image(x)
        return self.transform(x)


def require_image(x: Any) -> None:
    """Refuse an input that is no PIL image."""
    from PIL import Image

    if not isinstance(x, Image.Image):
        raise ArgumentError(
            f"items must hold PIL images, got {type(x).__name__}; for tensors that went through "
            f"the model's own preprocessing give preprocess=False."
        )


@dataclass(frozen=True, eq=False)
class ImageTower:
    """Embeddings [B, D] of prepared images, of unit length in float32."""

    network: Any  # has encode_image
    precision: str | None

    def __call__(self, x: Tensor) -> Tensor:
        """The embeddings of a batch, on its device."""
        if x.ndim == 4:  # the layout in which convolutions are fastest; the weights have it too
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), _autocast(x.device, self.precision):
            z: Tensor = self.network.encode_image(x)
        return normalize(z.float(), dim=1)


def preparation(
    network: Any, preprocess: bool, precision: str | None, device: torch.device
) -> dict[str, str]:
    """What else than its weights decides a network's embeddings, for a fingerprint."""
    from open_clip import get_model_preprocess_cfg

    settings = json.dumps(get_model_preprocess_cfg(network), sort_keys=True, default=str)
    return {
        "preprocess": settings if preprocess else "before openal",
        "precision": _resolved(device, precision),
    }


def _autocast(device: torch.device, precision: str | None) -> AbstractContextManager[Any]:
    if _resolved(device, precision) == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def _resolved(device: torch.device, precision: str | None) -> str:
    """bfloat16 where it was asked for, or where it is fast and nothing was asked for."""
    fast = device.type == "cuda" and torch.cuda.get_device_capability(device) >= FAST_BF16
    return precision or ("bf16" if fast else "fp32")
