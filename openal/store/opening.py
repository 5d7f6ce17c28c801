"""Whether a store can be read, and what to do when it cannot."""

from pathlib import Path

from openal.errors import StoreError
from openal.store.files import MANIFEST
from openal.store.manifest import Manifest
from openal.store.manifest_file import read_manifest
from openal.store.shards import damaged, shard_name

__all__ = ["opened", "unfinished"]


def opened(folder: Path, *, partial: bool) -> Manifest:
    """The manifest of a store whose files are there in full size."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder} holds no store of embeddings: there is no {MANIFEST}.")
    if manifest.missing() and not partial:
        raise unfinished(folder, manifest)
    if manifest.columns is None and not partial:
        why = next(iter(manifest.reasons.values()))
        raise StoreError(
            f"{folder} holds no embedding, since none of its items could be read ({why}); delete "
            f"it to try again."
        )
    for at in {*manifest.without_lost(folder).missing()} - {*manifest.missing()}:
        raise damaged(folder / shard_name(at), "no plain file of its full size")
    return manifest


def unfinished(folder: Path, manifest: Manifest) -> StoreError:
    """The error that says how many rows are missing."""
    count = manifest.items.count
    return StoreError(
        f"{folder} is not finished: {count - manifest.rows_done} of {count} rows are missing; "
        f"fill it again with the same arguments, and it goes on where it stopped."
    )
