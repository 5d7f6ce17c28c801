"""Embeddings as Parquet files in a folder, which may be in object storage: each written whole."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from openal.errors import StoreError

__all__ = ["Folder", "Index", "PartedRows"]

FORMAT = "openal embeddings in parts 1"
INDEX = "index.json"
UNREADABLE = "unreadable.parquet"


@final
@dataclass(frozen=True)
class Index:
    """What a finished folder holds: the parts in the order of the items, and what made them."""

    fingerprint: Mapping[str, str]
    dtype: str
    columns: int
    parts: Sequence[tuple[str, int]]
    """The name of each part, and its rows."""

    @property
    def rows(self) -> int:
        """How many items there are."""
        return sum(count for _, count in self.parts)


@final
@dataclass(frozen=True)
class Folder:
    """A folder of parts, by its fsspec URL or its path."""

    url: str

    @cached_property
    def _at(self) -> tuple[Any, str]:
        fs, path = import_module("fsspec.core").url_to_fs(self.url)
        return fs, path.rstrip("/")

    def has(self, name: str) -> bool:
        """Whether a file is there, whole."""
        fs, path = self._at
        return bool(fs.exists(f"{path}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all: object storage puts it at once, a disk renames it."""
        fs, path = self._at
        fs.makedirs(path, exist_ok=True)
        if "file" not in (fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,)):
            fs.pipe_file(f"{path}/{name}", content)
            return
        unfinished = f"{path}/.{name}.unfinished"
        fs.pipe_file(unfinished, content)
        Path(unfinished).replace(f"{path}/{name}")

    def read(self, name: str) -> bytes:
        """What a file holds."""
        fs, path = self._at
        return bytes(fs.cat_file(f"{path}/{name}"))

    def write_table(self, name: str, columns: Mapping[str, Any]) -> None:
        """Write a table as Parquet."""
        buffer = io.BytesIO()
        table = import_module("pyarrow").table(dict(columns))
        import_module("pyarrow.parquet").write_table(table, buffer)
        self.write(name, buffer.getvalue())

    def table(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """A table, or some of its columns."""
        read = import_module("pyarrow.parquet").read_table
        return read(io.BytesIO(self.read(name)), columns=columns and [*columns])

    def finish(self, index: Index, unreadable: Mapping[str, str]) -> None:
        """Write which parts count, in order, and what could not be read; others are removed."""
        letters = {"key": [*unreadable], "reason": [*unreadable.values()]}
        self.write_table(UNREADABLE, letters)
        content = {"format": FORMAT, "rows": index.rows, **asdict(index)}
        self.write(INDEX, json.dumps(content, indent=1).encode())
        fs, path = self._at
        kept = {name for name, _ in index.parts}
        for found in fs.glob(f"{path}/part-*.parquet"):
            if found.rpartition("/")[2] not in kept:
                fs.rm_file(found)

    def index(self) -> Index:
        """What a finished folder holds; a StoreError where it is none."""
        if not self.has(INDEX):
            raise StoreError(f"{self.url} is no finished folder of embeddings: no {INDEX}.")
        content = json.loads(self.read(INDEX))
        if content.get("format") != FORMAT:
            raise StoreError(f"{self.url}/{INDEX} is {content.get('format')!r}, not {FORMAT!r}.")
        parts = tuple((name, count) for name, count in content["parts"])
        return Index(content["fingerprint"], content["dtype"], content["columns"], parts)


def embeddings_column(values: np.ndarray, absent: Sequence[int]) -> Any:
    """The rows [n, D] as a column of lists of D numbers, null where there is none."""
    pa = import_module("pyarrow")
    mask = np.zeros(len(values), bool)
    mask[list(absent)] = True
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=pa.array(mask))


@final
@dataclass(frozen=True, eq=False)
class PartedRows:
    """The embeddings of a finished folder as items: what could not be read raises its reason."""

    folder: Folder
    index: Index

    def __len__(self) -> int:
        return self.index.rows

    def __getitem__(self, row: int) -> Tensor:
        part = int(np.searchsorted(self._ends, row, side="right"))
        values, reasons = _opened_part(self.folder, self.index.parts[part][0])
        within = row - int(self._ends[part] - self.index.parts[part][1])
        if (reason := reasons[within]) is not None:
            raise _as_recorded(reason)
        return torch.from_numpy(values[within].copy())

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum([count for _, count in self.index.parts])

    def keys(self) -> Iterator[str]:
        """The key of each item."""
        for name, _ in self.index.parts:
            yield from self.folder.table(name, ["key"])["key"].to_pylist()


@lru_cache(maxsize=4)
def _opened_part(folder: Folder, name: str) -> tuple[np.ndarray, list[str | None]]:
    table = folder.table(name, ["embedding", "reason"])
    column = table["embedding"].combine_chunks()
    values = column.values.to_numpy(zero_copy_only=False).reshape(len(table), -1)
    return values, table["reason"].to_pylist()


def _as_recorded(reason: str) -> Exception:
    """An error that is told in the same words as the one that was recorded."""
    name, _, message = reason.partition(": ")
    error: Exception = type(name, (Exception,), {})(message)
    return error
