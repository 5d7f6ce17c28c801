"""The rows of a shard put together and written: first its files, then the manifest that names them.

A shard of a store of files that is there already gets a file of another generation, so whoever is
killed in between leaves the embeddings of before under the checksums of before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from openal.errors import StoreError
from openal.store._encode import Encoded
from openal.store._files import locked, mapped, require_as_written, save, shard_name, stamps_name
from openal.store._manifest import Manifest, Shard, read_manifest, write_manifest
from openal.store._stamps import NO_SUM, STAMP, now_ns, read_stamps, stamp_row, write_stamps

__all__ = ["ShardRows", "merged", "write_shard"]


@dataclass(frozen=True, eq=False)
class ShardRows:
    """All rows of the shard number `shard`.

    `values` are its embeddings [n, D], zeros where an item could not be read, or None where none
    of its items could; `unreadable` says why, by index. `stamps` [n] are those of a store of files.
    """

    shard: int
    values: np.ndarray | None
    unreadable: dict[int, str]
    stamps: np.ndarray | None = None


def write_shard(folder: Path, rows: ShardRows, before: Shard | None = None) -> None:
    """Keep a shard in the place of `before`, unless another process was first."""
    with locked(folder):
        manifest = read_manifest(folder)
        if manifest is None:
            raise StoreError(f"{folder} was taken away while it was being filled.")
        if manifest.shards[rows.shard] != before:
            return
        columns = None if rows.values is None else rows.values.shape[1]
        manifest.require(columns)
        generation = 0 if before is None else before.generation + 1
        path = folder / shard_name(rows.shard, generation)
        sha256 = None if rows.values is None else save(path, rows.values)
        if rows.stamps is not None:
            write_stamps(folder / stamps_name(rows.shard, generation), rows.stamps)
        shard = Shard(sha256, rows.unreadable, generation)
        write_manifest(folder, manifest.with_shard(rows.shard, shard, columns))


def merged(folder: Path, manifest: Manifest, new: Encoded) -> ShardRows | None:
    """What was computed, over the rows that the shard has; None where that changes nothing."""
    indices, before = manifest.indices(new.shard), manifest.shards[new.shard]
    if before is None:
        stamps = None if manifest.listed is None else np.zeros(len(indices), STAMP)
        return _over(indices, new, None, {}, stamps)
    held = manifest.held(new.shard)
    path = folder / stamps_name(new.shard, before.generation)
    stamps = np.zeros(len(indices), STAMP)
    stamps[:held] = read_stamps(path, held)
    new = _without_passing(new, before, indices[:held])
    manifest.require(None if new.values is None else new.values.shape[1])
    if not _is_news(new, before, stamps, indices[:held]):
        return None
    return _over(indices, new, _values(folder, manifest, new.shard), before.unreadable, stamps)


def _without_passing(new: Encoded, before: Shard, held: range) -> Encoded:
    """Without items that could not be read at all now, and have an embedding from before."""
    passing = {
        index
        for index in new.unreadable
        if new.stamps[index] is None and index in held and index not in before.unreadable
    }
    reasons = {index: why for index, why in new.unreadable.items() if index not in passing}
    stamps = {index: stamp for index, stamp in new.stamps.items() if index not in passing}
    return replace(new, unreadable=reasons, stamps=stamps)


def _is_news(new: Encoded, before: Shard, stamps: np.ndarray, held: range) -> bool:
    """Whether an item has an embedding now, is new, or cannot be read for another reason."""
    if len(new.good) or any(index not in held for index in new.unreadable):
        return True
    read = {index: stamp.sum for index, stamp in new.stamps.items() if stamp is not None}
    return any(before.unreadable.get(index) != why for index, why in new.unreadable.items()) or any(
        stamps[index - held.start]["sum"].tobytes() != found for index, found in read.items()
    )


def _over(
    indices: range,
    new: Encoded,
    values: np.ndarray | None,
    reasons: Mapping[int, str],
    stamps: np.ndarray | None,
) -> ShardRows:
    """The rows of a shard, with those that were computed in the place of what there was."""
    computed = {*new.good.tolist()}
    kept = {index: why for index, why in reasons.items() if index not in computed}
    unreadable = dict(sorted((kept | new.unreadable).items()))
    if stamps is not None:
        _stamp(stamps, new, indices.start, reasons)
    if len(unreadable) == len(indices):
        return ShardRows(new.shard, None, unreadable, stamps)
    some = values if new.values is None else new.values
    if some is None:
        raise StoreError(f"nothing was computed for shard {new.shard}.")
    whole = np.zeros((len(indices), some.shape[1]), some.dtype)
    if values is not None:
        whole[: len(values)] = values
    if new.values is not None:
        whole[new.good - indices.start] = new.values
    whole[np.array([*unreadable], int) - indices.start] = 0
    return ShardRows(new.shard, whole, unreadable, stamps)


def _stamp(stamps: np.ndarray, new: Encoded, start: int, unreadable: Mapping[int, str]) -> None:
    """Note what was read; other bytes than before took their place now.

    The bytes of an item that could not be read are no picture, which another one could replace. An
    embedding of bytes that could not be read for their checksum has none.
    """
    computed = {*new.good.tolist()}
    for index, stamp in new.stamps.items():
        if stamp is not None or index in computed:
            there, digest = stamps[index - start], NO_SUM if stamp is None else stamp.sum
            others = there["sum"].tobytes() not in (NO_SUM, digest) and index not in unreadable
            stamps[index - start] = stamp_row(stamp, now_ns() if others else there["replaced"])


def _values(folder: Path, manifest: Manifest, at: int) -> np.ndarray | None:
    """The rows that a shard has now, if its file is what was written."""
    shard, columns = manifest.shards[at], manifest.columns
    if shard is None or shard.sha256 is None or columns is None:
        return None
    path = folder / shard_name(at, shard.generation)
    values = mapped(path, manifest.dtype, manifest.held(at), columns)
    require_as_written(path, shard.sha256)
    return np.array(values)
