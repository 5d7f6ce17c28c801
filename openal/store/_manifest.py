"""What a store is and how far it has come: one JSON file, replaced whole after each shard."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from openal.errors import StoreError
from openal.store._files import DTYPES, MANIFEST, plain_size, write_file
from openal.store._identity import Identity, probed
from openal.store._listing import Listed
from openal.store._shards import Manifest, Shard

__all__ = ["FORMAT", "Manifest", "Shard", "manifest_of", "read_manifest", "write_manifest"]


FORMAT, FORMAT_OF_FILES = "openal embeddings 1", "openal embeddings 2"
MOST = 2**40
CHECKSUM = re.compile("[0-9a-f]{64}")


def manifest_of(value: Any) -> Manifest:
    """The manifest that was read from JSON; a ValueError that says which field cannot be."""
    fields = _Fields(value, "it")
    known = (FORMAT, FORMAT_OF_FILES)
    version = fields.take("format", lambda name: name in known, " or ".join(map(repr, known)))
    listed = fields.take("listed", _is(dict), "an object") if version == FORMAT_OF_FILES else None
    manifest = Manifest(
        items=_identity(fields.take("items", _is(dict), "an object")),
        fingerprint=fields.take("fingerprint", _texts, "an object of strings"),
        dtype=fields.take("dtype", _dtype, [*DTYPES]),
        shard_rows=fields.take("shard_rows", _count, "a count"),
        batch_size=fields.take("batch_size", _count, "a count"),
        columns=fields.take("columns", _count_or_none, "a count or null"),
        shards=(),
        listed=None if listed is None else _listed(listed),
    )
    shards = fields.take("shards", _is(list), "a list")
    rows_done = fields.take("rows_done", _is(int), "a count")
    return _with_shards(manifest, shards, rows_done)


def _with_shards(manifest: Manifest, shards: list[Any], rows_done: int) -> Manifest:
    if len(shards) != math.ceil(manifest.items.count / manifest.shard_rows):
        raise ValueError(f"shards has the wrong length, {len(shards)}")
    read = tuple(_shard(shard, manifest.indices(at)) for at, shard in enumerate(shards))
    if manifest.columns is None and any(shard and shard.sha256 for shard in read):
        raise ValueError("columns is null, and there are shards")
    complete = Manifest(**{**vars(manifest), "shards": read})
    if complete.rows_done != rows_done:
        raise ValueError(f"rows_done is {rows_done}; its shards have {complete.rows_done}")
    return complete


def _identity(value: Any) -> Identity:
    fields = _Fields(value, "items")
    count = fields.take("count", _count, "a count")
    names = fields.take("names", _checksum_or_none, "a SHA-256 or null")
    probe = fields.take("probe", _is(list), "a list")
    if not all(mean is None or (type(mean) is float and math.isfinite(mean)) for mean in probe):
        raise ValueError("probe must hold numbers")
    if len(probe) != len(probed(count)):
        raise ValueError(f"probe must hold {len(probed(count))} numbers")
    return Identity(count, names, tuple(probe))


def _listed(value: Any) -> Listed:
    fields = _Fields(value, "listed")
    return Listed(
        fields.take("generation", _whole, "a whole number"),
        fields.take("sha256", _checksum, "a SHA-256"),
    )


def _shard(value: Any, indices: range) -> Shard | None:
    if value is None:
        return None
    fields = _Fields(value, "a shard")
    generation = fields.take("generation", _whole, "a whole number") if _has(value) else 0
    rows = fields.take("rows", _count_or_none, "a count or null") if _has(value) else None
    if rows is not None and rows >= len(indices):
        raise ValueError(f"a shard of {len(indices)} items has {rows} rows")
    indices = indices[:rows]
    sha256 = fields.take("sha256", _checksum_or_none, "a SHA-256 or null")
    reasons = fields.take("unreadable", _texts, "an object of strings")
    if not all(re.fullmatch("[0-9]{1,15}", key) and int(key) in indices for key in reasons):
        raise ValueError(f"a shard of the items {indices} has others that could not be read")
    unreadable = {int(key): reason for key, reason in reasons.items()}
    if (sha256 is None) != (len(unreadable) == len(indices)):
        raise ValueError("a shard must have a checksum if any of its items could be read")
    return Shard(sha256, unreadable, generation, rows)


def _has(shard: dict[str, Any]) -> bool:
    """Whether a shard is of a store of files, which may be replaced."""
    return bool({"generation", "rows"} & {*shard})


class _Fields:
    """What an object holds, field by field."""

    def __init__(self, value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{name} must be an object")
        self.value, self.name = value, name

    def take(self, key: str, good: Callable[[Any], bool], expected: Any) -> Any:
        if key not in self.value or not good(self.value[key]):
            raise ValueError(f"{key} of {self.name} must be {expected}")
        return self.value[key]


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST


def _count(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST


def _count_or_none(value: Any) -> bool:
    return value is None or _count(value)


def _dtype(value: Any) -> bool:
    return isinstance(value, str) and value in DTYPES


def _checksum_or_none(value: Any) -> bool:
    return value is None or _checksum(value)


def _checksum(value: Any) -> bool:
    return isinstance(value, str) and CHECKSUM.fullmatch(value) is not None


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


LARGEST = 2**28  # bytes; ten million items take one million, and what could not be read


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a store, under its lock."""
    version = FORMAT if manifest.listed is None else FORMAT_OF_FILES
    value = {"format": version, "rows_done": manifest.rows_done, **asdict(manifest)}
    if manifest.listed is None:  # as every release reads it
        del value["listed"]
        value["shards"] = [_without_files(shard) for shard in value["shards"]]
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    write_file(folder / MANIFEST, text.encode() + b"\n")


def _without_files(shard: dict[str, Any] | None) -> dict[str, Any] | None:
    return shard and {"sha256": shard["sha256"], "unreadable": shard["unreadable"]}


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store; None where there is none, a StoreError where it cannot be read."""
    path = folder / MANIFEST
    if not path.exists() and not path.is_symlink():
        return None
    size = plain_size(path)
    if size is None or size > LARGEST:
        raise StoreError(f"{path} is no plain file of at most {LARGEST} bytes.")
    try:
        return manifest_of(json.loads(path.read_bytes(), parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{path} is not the manifest of a store: {error!s:.200}; delete the folder to begin "
            f"anew."
        ) from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
