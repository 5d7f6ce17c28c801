"""What images are when they are asked and answered: their names, and checksums of their bytes.

An answer is about the bytes that were asked or shown, whatever has taken their place since.
"""

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from openal.errors import StoreError
from openal.project._notes import append, read_notes
from openal.store._manifest import Manifest, read_manifest
from openal.store._stamps import NO_SUM, Hint, look, read_stamp

__all__ = [
    "CHECKSUM",
    "as_cell",
    "image_sums",
    "note_answered",
    "note_asked",
    "of_cell",
    "stored_sums",
    "sums_of_answers",
]

CHECKSUM = "openal_checksum"
"""The field of a task of Label Studio that says which bytes were asked."""

CELL = re.compile("xxh3-([0-9a-f]{32})")


class Images(Protocol):
    """What is read of a `Project`."""

    @property
    def folder(self) -> Path:
        """Where the notes are."""

    @property
    def store_folder(self) -> Path:
        """Where the embeddings are."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each image is called now."""

    def path_of(self, index: int) -> Path:
        """The file of an image."""


def as_cell(digest: str | None) -> str:
    """A checksum in a table, as no spreadsheet takes for a number; empty where there is none."""
    return f"xxh3-{digest}" if digest else ""


def of_cell(text: str) -> str | None:
    """The checksum that `as_cell` wrote; None for any other text."""
    match = CELL.fullmatch(text.strip())
    return None if match is None else match[1]


def image_sums(images: Images, indices: Iterable[int]) -> dict[int, str]:
    """The checksums of images as they are now, by index; without those that cannot be read.

    Files that are what they were when they were embedded are not read again. Bytes that are no
    picture, as far as `openal embed` knows, have none: nobody can have seen it.
    """
    manifest, sums = read_manifest(images.store_folder), dict[int, str]()
    stored = _stamps(images, manifest)
    unreadable = {} if manifest is None else manifest.reasons
    for index in {*map(int, indices)}.difference(unreadable):
        path = str(images.path_of(index))
        stamp = None if index >= len(stored) else stored[index]
        if stamp is not None and look(path) == tuple(stamp[[*Hint._fields]].tolist()):
            sums[index] = stamp["sum"].tobytes().hex()
        elif (read := read_stamp(path)) is not None:
            sums[index] = read.sum.hex()
    return sums


def stored_sums(images: Images, indices: Iterable[int]) -> dict[int, str]:
    """The checksums of the bytes that were embedded; without those that nobody has read."""
    stored = _stamps(images, read_manifest(images.store_folder))
    some = {int(i): stored[int(i)]["sum"].tobytes() for i in indices if int(i) < len(stored)}
    return {index: digest.hex() for index, digest in some.items() if digest != NO_SUM}


def note_asked(images: Images, indices: Iterable[int], *, begins: bool) -> None:
    """Note under which names, and with which bytes, images are asked; `begins`: a new round."""
    sums = image_sums(images, asked := [int(index) for index in indices])
    shown = {index: (images.names[index], sums.get(index, "")) for index in asked}
    before = {} if begins else read_notes(images.folder).asked
    news = {i: pair for i, pair in shown.items() if pair not in before.get(i, [])[-1:]}
    if news:
        append(images.folder, {"asked": news, "begins": begins})


def note_answered(images: Images, said: Mapping[int, tuple[int, str]]) -> None:
    """Note about which bytes answers are that the ledger has: label and checksum by index."""
    if said:
        append(images.folder, {"answered": dict(said), "time": time.time()})


def sums_of_answers(
    images: Images, given: Mapping[int, str], indices: Iterable[int], answered: Iterable[int]
) -> dict[int, str]:
    """The bytes that the answers of a table are about: those that it gives, else those asked.

    Where an image was shown with several bytes in a round and the table does not say which, they
    are taken for others than those of now, so that it is asked again. What nobody asked is about
    the bytes of now. The same answer as one of those that are there, `answered`, says nothing new.
    """
    known, asked = {*answered}, read_notes(images.folder).asked
    silent = [index for index in indices if index not in given and index not in known]
    now = image_sums(images, silent)
    shown = {index: [digest for _, digest in asked.get(index, []) if digest] for index in silent}
    others = {i: [digest for digest in shown[i] if digest != now.get(i)] for i in silent}
    sums = {i: (others[i] or shown[i])[0] for i in silent if shown[i]}
    return now | sums | dict(given)


def _stamps(images: Images, manifest: Manifest | None) -> Any:
    """The stamps of what was embedded, by row; empty where there are none."""
    try:
        return () if manifest is None else manifest.stamps(images.store_folder)
    except StoreError:  # a store that is damaged tells nothing of its images
        return ()
