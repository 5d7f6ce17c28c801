"""Which items a store is about: how many, what they are called, what some of them hold."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from openal._checks import as_count
from openal._items import item_input
from openal.errors import ArgumentError

__all__ = ["Identity", "identity_of", "probed"]

PROBED = 16
TOLERANCE = 0.02  # other versions of an image library round a pixel in another way


@dataclass(frozen=True)
class Identity:
    """Which items a store is about.

    `count` is N, `names` the SHA-256 of their names, None without any, and `probe` the mean input
    of some of them (of those that `probed` names), None where one cannot be read.
    """

    count: int
    names: str | None
    probe: tuple[float | None, ...]

    def differences(self, other: "Identity") -> dict[str, tuple[Any, Any]]:
        """What differs, here and there; the inputs of items with the same names may."""
        if self.count != other.count:
            return {"number of items": (self.count, other.count)}
        if self.names is not None and other.names is not None:
            pair = (self.names, other.names)
            return {} if self.names == other.names else {"names of the items": pair}
        for at, mine, theirs in zip(probed(self.count), self.probe, other.probe, strict=True):
            if not _close(mine, theirs):
                return {f"mean input of item {at}": (mine, theirs)}
        return {}


def identity_of(items: Any, names: Iterable[str] | None = None) -> Identity:
    """Which items these are; `names` is a string for each of them.

    Raises an ArgumentError for `items` that are no map-style data set, and for other `names`.
    """
    if not (hasattr(items, "__len__") and hasattr(items, "__getitem__")):
        raise ArgumentError("items must be a map-style data set with __len__ and __getitem__.")
    count = as_count(len(items), "the number of items", minimum=1)
    hashed = None if names is None else _hash(list(names), count)
    return Identity(count, hashed, tuple(_mean(items, index) for index in probed(count)))


def _hash(names: list[str], count: int) -> str:
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"identities must be {count} strings, one for each item.")
    digest = hashlib.sha256()
    for name in names:
        content = name.encode(errors="surrogateescape")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def probed(count: int) -> list[int]:
    """The indices of some items, evenly spread."""
    return sorted({at * (count - 1) // (PROBED - 1) for at in range(PROBED)})


def _mean(items: Any, index: int) -> float | None:
    try:
        x = torch.as_tensor(item_input(items[index]), device="cpu")
        mean = float(np.mean(x.numpy(force=True), dtype=np.float64))
    except Exception:  # an item that cannot be read is no error here
        return None
    return round(mean, 6) if np.isfinite(mean) else None


def _close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:  # an item that could not be read may be readable now
        return True
    return abs(a - b) <= TOLERANCE * max(1, abs(a), abs(b))
