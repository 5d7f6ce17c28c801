"""An encoder for `openal embed` that takes images of any size."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def thumbnail(image: Any) -> Tensor:
    """4 x 4 pixels of a PIL image."""
    return torch.from_numpy(np.asarray(image.resize((4, 4)), np.float32).ravel() / 255)


def same(x: Tensor) -> Tensor:
    """The batch as it is."""
    return x


def make(device: torch.device) -> Any:
    """What `--encoder` calls."""
    return same, thumbnail, {"encoder": "thumbnails"}
