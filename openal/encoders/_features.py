"""A network of images as an encoder: its features, each of length one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

__all__ = ["Features", "ready"]


class Features(nn.Module):
    """Embeddings [B, D] of length one, of what a network makes of a batch [B, 3, H, W]."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """The embeddings, in float32."""
        with torch.no_grad():
            z = self.network(x.contiguous(memory_format=torch.channels_last))
        return normalize(z.flatten(1).float(), dim=1)


def ready(network: nn.Module, device: torch.device) -> Features:
    """The network on the device, in evaluation mode, its weights fixed."""
    network = network.to(device).to(memory_format=torch.channels_last)
    return Features(network.eval().requires_grad_(False)).eval()
