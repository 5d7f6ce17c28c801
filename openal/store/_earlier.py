"""The items of a store of an earlier release, which kept neither their names nor checksums."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from openal.errors import StoreError
from openal.store._files import MANIFEST
from openal.store._identity import identity_of
from openal.store._listing import Listing
from openal.store._manifest import Manifest
from openal.store._matching import Rows
from openal.store._stamps import Stamp, stamp_row
from openal.store.images import Images

__all__ = ["rows_of_earlier"]


def rows_of_earlier(
    folder: Path,
    manifest: Manifest,
    images: Images,
    before: Listing | None,
    read: Callable[[Iterable[str]], Mapping[str, Stamp]],
) -> Rows:
    """Its items, and the stamps of those that are surely what the store has.

    That is all of them where names and sizes are those of the store. Where they are not, and
    `before` has the names, it is those that were changed last before the store was; the others are
    embedded anew, and count as no answer's replaced image. Raises a StoreError where nobody knows.
    """
    listing = before or Listing.of(images.names)
    known = listing.names if before is None else listing.names[: manifest.items.count]
    named = replace(images, names=known)
    identity = identity_of(named, named.identities())
    differences = manifest.items.differences(identity)
    for what, (there, now) in differences.items():
        if before is None or what == "number of items":
            raise StoreError(
                f"{folder} holds other embeddings: {what} was {there!r} and is {now!r} now. An "
                f"earlier openal made it, which did not keep the names of its images: bring the "
                f"folder back to what it was and type openal embed once, or choose another --out."
            )
    sure = [name for name in listing.names if not differences or _is_older(folder, images, name)]
    return _stamped(manifest, listing, read(sure))


def _is_older(folder: Path, images: Images, name: str) -> bool:
    hint, made = images.hint(name), (folder / MANIFEST).stat().st_mtime_ns
    return hint is not None and max(hint.changed, hint.moved) < made  # moved here since, perhaps


def _stamped(manifest: Manifest, listing: Listing, stamps: Mapping[str, Stamp]) -> Rows:
    rows, unread = Rows.unread(listing), {*manifest.reasons}
    for at in range(len(manifest.shards)):
        indices = manifest.indices(at)
        for row in indices[: manifest.held(at)]:
            stamp = stamps.get(listing.names[row])
            if stamp is not None and row not in unread:
                rows.stamps[row] = stamp_row(stamp)
    return rows
