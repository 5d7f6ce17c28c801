"""The items of a results folder: classes, places on a map, small images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import LARGEST, require_plain
from openal.errors import ArgumentError

__all__ = ["Items", "read_items"]

NO_IMAGES = {
    "thumbnails": np.zeros((0, 32, 32, 3), np.uint8),
    "thumbnail_indices": np.zeros(0, np.int64),
}
NEEDED = ("labels", "names")
SHAPES = {
    "labels": (("i", "u"), (None,)),
    "names": (("U",), (None,)),
    "xy": (("f",), (None, 2)),
    "thumbnails": (("u1",), (None, 32, 32, 3)),
    "thumbnail_indices": (("i", "u"), (None,)),
}


@dataclass(frozen=True, eq=False)
class Items:
    """n items; those of a source without embeddings or images have no map or no images (m = 0).

    `labels` int64 [n] are class ids, whose `names` are those of the classes; `xy` float32 [n, 2] is
    a map of the embeddings. `thumbnails` uint8 [m, 32, 32, 3] show the items at
    `thumbnail_indices` int64 [m].
    """

    labels: np.ndarray
    names: tuple[str, ...]
    xy: np.ndarray | None
    thumbnails: np.ndarray
    thumbnail_indices: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def known(self, classes: Sequence[int]) -> np.ndarray:
        """Which items are of these classes, bool [n]."""
        return np.isin(self.labels, classes)


def read_items(path: Path) -> Items | None:
    """The items of a results folder, or None where there is no such file."""
    if not path.exists():
        return None
    try:
        require_plain(path)
        with path.open("rb") as archive, np.load(archive, allow_pickle=False) as file:
            if sum(member.file_size for member in file.zip.infolist()) > LARGEST:
                raise ValueError(f"it unpacks to more than {LARGEST} bytes")
            arrays: dict[str, Any] = {
                name: np.asarray(file[name]) for name in SHAPES if name in file or name in NEEDED
            }
    except Exception as error:  # a broken archive may raise nearly anything
        raise ArgumentError(f"{path} cannot be read: {error}") from error
    for name, array in arrays.items():
        _require(path, name, array)
    names = tuple(map(str, arrays["names"]))
    items = Items(**{"xy": None, **NO_IMAGES, **arrays, "names": names})
    _require_consistent(path, items)
    return items


def _require(path: Path, name: str, array: np.ndarray) -> None:
    kinds, shape = SHAPES[name]
    fits = len(array.shape) == len(shape) and all(
        size in (None, length) for size, length in zip(shape, array.shape, strict=True)
    )
    if not array.dtype.str[1:].startswith(kinds) or not fits:
        expected = f"[{', '.join('n' if size is None else str(size) for size in shape)}]"
        raise ArgumentError(
            f"{path}: {name} must be {expected}, got {array.dtype} {list(array.shape)}."
        )


def _require_consistent(path: Path, items: Items) -> None:
    n, m = len(items), len(items.thumbnails)
    if items.xy is not None and (len(items.xy) != n or not np.isfinite(items.xy).all()):
        raise ArgumentError(f"{path}: xy must hold {n} finite points, as labels has {n} rows.")
    if not _within(items.labels, len(items.names)):
        raise ArgumentError(f"{path}: labels must be below {len(items.names)}, as names has.")
    if len(items.thumbnail_indices) != m or not _within(items.thumbnail_indices, n):
        raise ArgumentError(f"{path}: thumbnail_indices must be {m} items below {n}.")


def _within(values: np.ndarray, size: int) -> bool:
    return not len(values) or (int(values.min()) >= 0 and int(values.max()) < size)
