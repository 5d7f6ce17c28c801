"""What `openal embed --model` computes with: the same embeddings as those of `CLIP`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from openal.learners.clip import CLIP
from openal.learners.image_tower import ImagesOnly, ImageTower

__all__ = ["clip_parts"]


def clip_parts(
    name: str, pretrained: str | None, device: torch.device
) -> tuple[Callable[[Tensor], Tensor], Callable[[Any], Any], dict[str, str]]:
    """How CLIP encodes a batch, what it makes of an image, and the fingerprint of both."""
    clip = CLIP(name, pretrained, device=device)
    loaded = clip._model()
    tower = ImageTower(loaded.network, clip.precision)
    return tower, ImagesOnly(loaded.preprocess), clip._fingerprint()
