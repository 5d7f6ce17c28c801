"""The manifest of a store on disk."""

import json
from dataclasses import asdict
from pathlib import Path

from openal.errors import StoreError
from openal.store.files import MANIFEST, plain_size, write_whole
from openal.store.manifest import Manifest
from openal.store.schema import FORMAT, manifest_of

__all__ = ["read_manifest", "write_manifest"]

LARGEST = 2**28  # bytes; ten million items take one million, and what could not be read


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a store, under its lock."""
    value = {"format": FORMAT, "rows_done": manifest.rows_done, **asdict(manifest)}
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    write_whole(folder / MANIFEST, text.encode() + b"\n")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store; None where there is none."""
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
