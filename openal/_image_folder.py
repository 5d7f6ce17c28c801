"""What a folder holds: which of its files are images, and what is left out, counted by reason.

Every file whose ending Pillow can read here is an image, in the folder and in those below it. A
linked folder counts like any other, each real folder once; what is found without a link comes
first. Left out are hidden files and folders, trash and thumbnails (`@eaDir`, `__MACOSX`, ...), the
results of `openal` itself, kinds of images that Pillow cannot read here, and all other files. A
folder that cannot be listed is an error, since the images in it would be missing in silence.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path

from openal._image_reader import image_endings
from openal._words import printable
from openal.errors import ArgumentError

__all__ = ["ImageFiles", "image_files"]

UNREAD = re.compile(
    r"\.(3fr|ai|arw|avifs?|cr2|cr3|czi|dcm|dicom|dng|emf|eps|erf|exr|hdr|hei[cf]|hif|jp2|jpx|jxl|jxr"
    r"|kdc|lif|mrw|mrxs|nd2|ndpi|nef|nrw|oib|oif|orf|pef|psb|raf|raw|rw2|sr2|srw|svg|svs|vsi|wdp"
    r"|webp|wmf|x3f|xcf)"
)
"""Endings of images that Pillow cannot read, or not without what may be missing here."""

ASIDE = re.compile(
    r"@eadir|__macosx|[#@]recycle|\$recycle\.bin|recycler|lost\+found|@__thumb|@recently-snapshot"
    r"|[#~]snapshot|system volume information",
    re.IGNORECASE,
)
"""Folders of trash and thumbnails that systems make."""

HIDDEN = "hidden"
TRASH = "folders of trash or thumbnails"
OURS = "folders of openal's results"
TWICE = "linked folders that are read already"
LOOP = "links to a folder above themselves"
UNREADABLE = "images of kinds that Pillow cannot read here"
OTHER = "other files"
NAMED = 4
"""How many names or endings of a reason are told."""

RUN, SHARD = re.compile(r".*-seed\d+\.json"), re.compile(r"shard-\d+(-\d+)?\.npy")


@dataclass(frozen=True)
class ImageFiles:
    """The images below a folder, and what was left out.

    Attributes:
        folder: where was looked.
        names: the paths of the images, relative to it, sorted.
        folders: the folders directly inside that were looked into, sorted.
        left_out: by reason, how often each name or ending.
    """

    folder: Path
    names: tuple[str, ...]
    folders: tuple[str, ...]
    left_out: Mapping[str, Counter[str]]

    def summary(self) -> str:
        """How many images there are, and what was left out, by reason."""
        count = f"{self.folder}: {len(self.names)} images"
        return f"{count}. {self.omissions()}" if self.left_out else f"{count}."

    def omissions(self) -> str:
        """What was left out, by reason; nothing where nothing was."""
        parts = [_told(reason, names) for reason, names in self.left_out.items()]
        return f"Left out: {'; '.join(parts)}." if parts else ""


def image_files(folder: Path, *, besides: Iterable[Path] = ()) -> ImageFiles:
    """The images below a folder, but not those in the folders `besides`; there may be none."""
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder of images.")
    walk = _Walk(folder, frozenset(map(os.path.realpath, besides)))
    walk.read()
    names = sorted(walk.names, key=lambda name: name.split("/"))
    folders = sorted({name for name in walk.read_from if name and "/" not in name})
    order = (UNREADABLE, HIDDEN, TRASH, OURS, TWICE, LOOP, OTHER)
    left_out = {reason: walk.left_out[reason] for reason in order if reason in walk.left_out}
    return ImageFiles(folder, tuple(names), tuple(folders), left_out)


def _told(reason: str, names: Counter[str]) -> str:
    first = sorted(names, key=lambda name: (-names[name], name))[:NAMED]
    shown = [*map(printable, first)]
    more = ", ..." if len(names) > NAMED else ""
    help_ = ", pip install pillow-heif" if {".heic", ".heif", ".hif"} & {*names} else ""
    return f"{reason}: {names.total()} ({', '.join(shown)}{more}{help_})"


@dataclass(eq=False)
class _Walk:
    """Folders read one after another: `relative` paths from the root, and where they really are."""

    root: Path
    besides: frozenset[str]
    endings: frozenset[str] = field(default_factory=image_endings)
    names: list[str] = field(default_factory=list)
    read_from: list[str] = field(default_factory=list)
    left_out: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _seen: set[str] = field(default_factory=set)
    _links: list[tuple[list[str], str]] = field(default_factory=list)  # a heap, with its parent

    def read(self) -> None:
        """Everything that is there without a link, then what each link leads to."""
        root = os.path.realpath(self.root)
        self._below("", root)
        while self._links:
            parts, parent = heappop(self._links)
            real = os.path.realpath(os.path.join(self.root, *parts))
            if _holds(real, parent) or _holds(real, root):
                self._leave(LOOP, "/".join(parts))
            else:
                for found in self._folder("/".join(parts), real):
                    self._below(*found)

    def _below(self, relative: str, real: str) -> None:
        waiting = [(relative, real)]
        while waiting:
            relative, real = waiting.pop()
            self._seen.add(real)
            waiting += self._listed(relative, real)

    def _listed(self, relative: str, real: str) -> Iterator[tuple[str, str]]:
        """The folders in a folder that are to be read; its images and links are noted."""
        entries = _entries(self.root, real)
        names = {entry.name for entry in entries}
        if relative and self._is_ours(real, names):
            self._leave(OURS, relative)
            return
        self.read_from.append(relative)
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if entry.name.startswith("."):
                self._leave(HIDDEN, entry.name)
            elif not _is_folder(entry):
                self._file(path)
            elif ASIDE.fullmatch(entry.name):
                self._leave(TRASH, entry.name)
            elif _is_of_page(entry.name, names):
                self._leave(OURS, path)
            elif entry.is_symlink():
                heappush(self._links, (path.split("/"), real))
            else:
                yield from self._folder(path, os.path.join(real, entry.name))

    def _folder(self, path: str, real: str) -> Iterator[tuple[str, str]]:
        if real in self._seen:
            self._leave(TWICE, path)
        elif real not in self.besides:
            yield path, real

    def _file(self, path: str) -> None:
        ending = os.path.splitext(path)[1].lower()
        if ending in self.endings:
            self.names.append(path)
        else:
            self._leave(UNREADABLE if UNREAD.fullmatch(ending) else OTHER, ending or "no ending")

    def _is_ours(self, folder: str, names: set[str]) -> bool:
        """Whether a folder is a store of embeddings, or the results of a simulation."""
        if "manifest.json" in names and any(map(SHARD.fullmatch, names)):
            return True
        runs = os.path.join(folder, "runs")
        inside = _entries(self.root, runs) if "runs" in names and os.path.isdir(runs) else []
        return "simulation.json" in names or any(RUN.fullmatch(entry.name) for entry in inside)

    def _leave(self, reason: str, name: str) -> None:
        self.left_out[reason][name] += 1


def _entries(root: Path, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listed:
            return list(listed)
    except OSError as error:
        raise ArgumentError(
            f"{folder} cannot be listed ({error.strerror}), so its images would be missing: let "
            f"it be read, or take it out of {root}."
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; a link to itself is not."""
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()


def _holds(folder: str, path: str) -> bool:
    """Whether a real folder is another one, or holds it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_of_page(name: str, names: set[str]) -> bool:
    """Whether a folder holds the files of a page beside it, as those of `openal report`."""
    stem = name.removesuffix("_files")
    return stem != name and f"{stem}.html" in names
