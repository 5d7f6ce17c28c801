"""Small stores whose content is known."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.store import Embeddings, build_store

N, D = 50, 6


class Items:
    """N random inputs; those in `broken` raise."""

    def __init__(self, n: int = N, broken: tuple[int, ...] = (), seed: int = 0) -> None:
        self.x = torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
        self.broken = broken

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index in self.broken:
            raise OSError(f"{object()} is no image")
        return self.x[index], 0


def filled(folder: Path, items: Any, encoder: Any = None, **changes: Any) -> Embeddings:
    """Fill a store with eight rows to a shard and three to a batch."""
    new = {"shard_rows": 8, "batch_size": 3, "fingerprint": {"encoder": "a"}}
    return build_store(folder, items, encoder or encode, **(new | changes))


def encode(x: Tensor) -> Tensor:
    return torch.cat([x, x[:, :2] ** 2], dim=1)


def expected(items: Items, dtype: str = "float16") -> np.ndarray:
    """What the store must hold, computed row by row."""
    rows = encode(items.x).numpy().astype(dtype)
    rows[list(items.broken)] = 0
    return rows


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
