"""What JSON must hold to be the manifest of a store; anything else is a ValueError."""

import math
import re
from collections.abc import Callable
from typing import Any

from openal.store.identity import Identity, probed
from openal.store.manifest import Manifest, Shard
from openal.store.shards import DTYPES

__all__ = ["FORMAT", "manifest_of"]

FORMAT = "openal embeddings 1"
MOST = 2**40
CHECKSUM = re.compile("[0-9a-f]{64}")


def manifest_of(value: Any) -> Manifest:
    """The manifest that was read from JSON."""
    found = _Fields(value, "it")
    found.take("format", lambda it: it == FORMAT, f"{FORMAT!r}")
    manifest = Manifest(
        items=_identity(found.take("items", _is(dict), "an object")),
        fingerprint=found.take("fingerprint", _texts, "an object of strings"),
        dtype=found.take("dtype", lambda it: isinstance(it, str) and it in DTYPES, [*DTYPES]),
        shard_rows=found.take("shard_rows", _count, "a count"),
        batch_size=found.take("batch_size", _count, "a count"),
        columns=found.take("columns", lambda it: it is None or _count(it), "a count or null"),
        shards=(),
    )
    shards = found.take("shards", _is(list), "a list")
    rows_done = found.take("rows_done", _is(int), "a count")
    return _with_shards(manifest, shards, rows_done)


def _with_shards(manifest: Manifest, shards: list[Any], rows_done: int) -> Manifest:
    if len(shards) != math.ceil(manifest.items.count / manifest.shard_rows):
        raise ValueError(f"shards has the wrong length, {len(shards)}")
    read = tuple(_shard(each, manifest.indices(at)) for at, each in enumerate(shards))
    if manifest.columns is None and any(shard and shard.sha256 for shard in read):
        raise ValueError("columns is null, and there are shards")
    complete = Manifest(**{**vars(manifest), "shards": read})
    if complete.rows_done != rows_done:
        raise ValueError(f"rows_done is {rows_done}; its shards have {complete.rows_done}")
    return complete


def _identity(value: Any) -> Identity:
    found = _Fields(value, "items")
    count = found.take("count", _count, "a count")
    names = found.take("names", lambda it: it is None or _checksum(it), "a SHA-256 or null")
    probe = found.take("probe", _is(list), "a list")
    if not all(mean is None or (type(mean) is float and math.isfinite(mean)) for mean in probe):
        raise ValueError("probe must hold numbers")
    if len(probe) != len(probed(count)):
        raise ValueError(f"probe must hold {len(probed(count))} numbers")
    return Identity(count, names, tuple(probe))


def _shard(value: Any, indices: range) -> Shard | None:
    if value is None:
        return None
    found = _Fields(value, "a shard")
    sha256 = found.take("sha256", lambda it: it is None or _checksum(it), "a SHA-256 or null")
    reasons = found.take("unreadable", _texts, "an object of strings")
    if not all(re.fullmatch("[0-9]{1,15}", key) and int(key) in indices for key in reasons):
        raise ValueError(f"a shard of the items {indices} has others that could not be read")
    unreadable = {int(key): reason for key, reason in reasons.items()}
    if (sha256 is None) != (len(unreadable) == len(indices)):
        raise ValueError("a shard must have a checksum if any of its items could be read")
    return Shard(sha256, unreadable)


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


def _count(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST


def _checksum(value: Any) -> bool:
    return isinstance(value, str) and CHECKSUM.fullmatch(value) is not None


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
