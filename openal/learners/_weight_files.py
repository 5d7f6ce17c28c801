"""Files of weights: recognized before they are opened, read without running what is inside."""

import hashlib
import pickle
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch

from openal.errors import CheckpointError

__all__ = ["Stamp", "content_hash", "read_weights", "require_no_pickle", "stamp_of"]

SAFETENSORS = ".safetensors"
NO_PICKLE = (SAFETENSORS, ".json", ".npy", ".npz")  # NumPy refuses pickled objects by default
IN_FOLDERS = ("*.json", "*.safetensors", "*.bin", "*.pt", "*.pth")
ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Stamp:
    """Some files at one time: equal stamps, equal content."""

    files: tuple[tuple[str, int, int, int], ...] = ()  # path, ns of two kinds of changes, size

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(Path(name) for name, *_ in self.files)


def stamp_of(paths: Iterable[Path]) -> Stamp:
    """The stamp of those of the paths that are files; of a folder, of the weights in it."""
    files = [each for path in paths for each in _weights(path)]
    found = [(str(path), path.stat()) for path in files if path.is_file()]
    return Stamp(
        tuple(
            # A copy may keep the time of the content, and not that of the file.
            (name, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            for name, status in found
        )
    )


def _weights(path: Path) -> list[Path]:
    return sorted({file for each in IN_FOLDERS for file in path.glob(each)}) or [path]


@lru_cache(maxsize=32)
def content_hash(stamp: Stamp) -> str:
    """The SHA-256 of the files' content, in their order."""
    digest = hashlib.sha256()
    for path in stamp.paths:
        with _opened(path) as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def require_no_pickle(path: Path) -> None:
    """Refuse a file of weights in torch's old format, a pickle from its first byte on."""
    if path.suffix not in NO_PICKLE and not _is_zip(path):
        raise CheckpointError(
            f"{path} is not a checkpoint that torch.save writes since version 1.6 (a zip file); "
            f"it may be damaged, another kind of file, or an old pickle, which is never loaded."
        )


def _is_zip(path: Path) -> bool:
    with _opened(path) as file:
        return file.read(len(ZIP)) == ZIP


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def read_weights(path: Path) -> tuple[Any, dict[str, str]]:
    """What a file holds, on the CPU, and the metadata of a safetensors file.

    A `.safetensors` file, or a zip file by torch.save, of which the checksums are verified. Only
    tensors and plain values are read: a pickled object is refused.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is no file.")
    if path.suffix == SAFETENSORS:
        return _read_safetensors(path)
    if not _is_zip(path):
        raise CheckpointError(
            f"{path} is neither a .safetensors file nor a zip file by torch.save; it may be a "
            f"damaged download, or an old pickle, which is never loaded."
        )
    _verify(path)
    try:
        return torch.load(path, map_location="cpu", mmap=True, weights_only=True), {}
    except pickle.UnpicklingError:
        # torch's own message says how to load the object nevertheless.
        raise CheckpointError(
            f"{path} holds pickled Python objects, not only tensors and plain values; loading "
            f"them could run any code. Save its state_dict alone, where you trust the file."
        ) from None
    except Exception as error:
        raise CheckpointError(f"{path} cannot be read: {str(error)[:200]}") from None


def _read_safetensors(path: Path) -> tuple[Any, dict[str, str]]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except Exception as error:  # a shape that torch cannot have is no SafetensorError
        raise CheckpointError(f"{path} cannot be read: {str(error)[:200]}") from error


def _verify(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            program = any(name.endswith("constants.pkl") for name in file.namelist())
            packed = sum(each.file_size for each in file.infolist()) > path.stat().st_size
            damaged = None if packed else file.testzip()
    except Exception as error:  # a broken archive may raise nearly anything
        raise CheckpointError(f"{path} is damaged or not complete: {error}") from error
    if packed:
        raise CheckpointError(f"{path} unpacks to more than its size; torch.save packs nothing.")
    if program:
        raise CheckpointError(f"{path} holds a TorchScript program; a state_dict was expected.")
    if damaged is not None:
        raise CheckpointError(f"{path} is damaged: the checksum of {damaged!r} is wrong.")
