"""A query: what to ask next, and why; as a frame, and as a grid of images."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from openal._files import write_whole
from openal._optional import optional
from openal._shown import Shown, shown
from openal.step import Step

__all__ = ["Query"]


@dataclass(frozen=True, eq=False)
class Query:
    """What to ask next, and why.

    `indices` int64 [b] are global, best first. `scores`, `purity` and `informativeness` are float32
    [b], aligned with them: the scores of the last stage that scores, and of the last whose score
    has that role; None where the chain has none. `steps` are the stages in order, and
    `diagnostics` what each of them notes, by its depth in the chain: `diagnostics[0]["scale"]`.
    `n_candidates` is how many there were to choose among, `n_filled` how many were taken only
    because fewer passed than the budget. `keys` are the names of the items where the pool has them.
    """

    indices: np.ndarray
    scores: Tensor | None
    purity: Tensor | None
    informativeness: Tensor | None
    steps: tuple[Step, ...] = field(repr=False)
    n_candidates: int
    n_filled: int
    diagnostics: Mapping[Any, Any] = field(repr=False)
    keys: tuple[str, ...] | None = field(default=None, repr=False)
    _items: Any = field(default=None, repr=False)  # the data set, for `show`

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices.tolist())

    def to_frame(self) -> Any:
        """A pandas frame with a row per index; pandas is an extra: `pip install openal[frame]`."""
        pd = optional("pandas", "to_frame()")
        numbers = {name: values.numpy() for name, values in self._numbers().items()}
        return pd.DataFrame({"index": self.indices, **self._keyed(), **numbers})

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The query as JSON: a list with an object per index, with its key and its scores.

        With a `path` it is also written there, whole or not at all. A number that is not finite is
        null, and half a character, from the name of a file, is escaped.
        """
        numbers = {
            name: [value if math.isfinite(value) else None for value in values.tolist()]
            for name, values in self._numbers().items()
        }
        columns = {"index": self.indices.tolist(), **self._keyed(), **numbers}
        rows = zip(*columns.values(), strict=True)
        lines = [json.dumps(dict(zip(columns, row, strict=True)), allow_nan=False) for row in rows]
        text = "[\n " + ",\n ".join(lines) + "\n]\n" if lines else "[]\n"
        if path is not None:
            write_whole(Path(path), text.encode())
        return text

    def _keyed(self) -> dict[str, list[str]]:
        return {} if self.keys is None else {"key": [*self.keys]}

    def _numbers(self) -> dict[str, Tensor]:
        """The scores that there are, by name."""
        names = ("scores", "purity", "informativeness")
        found = {name: getattr(self, name) for name in names}
        return {name: values for name, values in found.items() if values is not None}

    def show(
        self, items: Any = None, *, folder: str | os.PathLike[str] | None = None, size: int = 96
    ) -> Shown:
        """The query as a grid of images for a notebook; printed, it is a table.

        The images are those of the pool's data set, or `items`, or the files in a `folder` that
        the keys name. `size` is that of the small images in pixels.
        """
        source = self._items if items is None else items
        return shown(self, source, None if folder is None else Path(folder), size)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_items": None}  # a pickled query does not take the data set along
