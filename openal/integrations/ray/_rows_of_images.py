"""The images in the rows of a table as items to embed: a file's bytes, a path or URL, or pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, final

import numpy as np

from openal._image_reader import Reading, read_image
from openal.errors import ArgumentError

__all__ = ["RowsOfImages"]


@final
@dataclass(frozen=True, eq=False)
class RowsOfImages:
    """The `values` of a column, one per image, as what `transform` makes of them."""

    values: Sequence[Any]
    transform: Callable[[Any], Any]
    reading: Reading

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> Any:
        return self.transform(_image(self.values[row], self.reading))


def _image(value: Any, reading: Reading) -> Any:
    """The PIL image, mode RGB, of what a column holds."""
    if isinstance(value, str) and "://" in value:
        with import_module("fsspec").open(value, "rb") as file:
            value = file.read()
    if isinstance(value, bytes):
        with NamedTemporaryFile() as file:  # our reader takes files, and refuses what it must
            file.write(value)
            file.flush()
            return read_image(Path(file.name), reading)[0]
    if isinstance(value, str):
        return read_image(Path(value), reading)[0]
    if isinstance(value, np.ndarray):
        return import_module("PIL.Image").fromarray(value).convert("RGB")
    raise ArgumentError(f"no image: bytes, a path or pixels were expected, got {value!r:.60}")
