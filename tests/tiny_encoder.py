"""A small encoder for `openal embed --encoder tests.tiny_encoder:make`."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SLOW = float(os.environ.get("TINY_ENCODER_SECONDS", "0"))


def transform(image: Any) -> Tensor:
    return torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)


def make(device: torch.device) -> tuple[nn.Module, Callable[[Any], Tensor], dict[str, str]]:
    """A network with fixed weights, which may be told to take its time and to say that it is."""
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 16))
    weights = np.random.default_rng(0)
    for parameter in network.parameters():
        parameter.data = torch.from_numpy(weights.normal(size=parameter.shape).astype(np.float32))
    if "TINY_ENCODER_MADE" in os.environ:
        Path(os.environ["TINY_ENCODER_MADE"]).touch()
    network.register_forward_hook(lambda *_: time.sleep(SLOW))
    return network.to(device), transform, {"encoder": "tiny", "preprocessing": "8 x 8"}
