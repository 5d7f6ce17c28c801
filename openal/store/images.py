"""The images of a folder as items to embed, in an order that stays."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from openal._image_folder import image_files
from openal._image_reader import Notes, Reading, read_image
from openal.errors import ArgumentError
from openal.store._files import plain_size
from openal.store._stamps import Hint, Stamp, look, read_stamp

__all__ = ["Images", "StampedRows", "image_names"]


@dataclass(frozen=True, eq=False)
class Images(Dataset[Any]):
    """The image files `names` of a `folder`, as what `transform` makes of a PIL image.

    A store of them may grow, see `build_store`. `reading` says how files are read where they leave
    a choice; `notes` gathers what is worth a word, in worker processes too.
    """

    folder: Path
    names: Sequence[str]
    transform: Callable[[Any], Any]
    reading: Reading = field(default_factory=Reading)
    notes: Notes = field(init=False, repr=False)
    _root: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", Notes(len(self.names)))
        object.__setattr__(self, "_root", os.path.join(self.folder, ""))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Any:
        image, note = read_image(self.folder / self.names[index], self.reading)
        self.notes.add(index, note)
        return self.transform(image)

    def path(self, name: str) -> str:
        """The file of a name."""
        return name if os.path.isabs(name) else self._root + name

    def look(self) -> dict[str, Hint | None]:
        """The hint of each file by name, without reading any; None where there is no file."""
        return {name: self.hint(name) for name in self.names}

    def hint(self, name: str) -> Hint | None:
        """The hint of a file; None where there is none."""
        return look(self.path(name))

    def identities(self) -> list[str]:
        """The name of each image, and its size in bytes."""
        paths = (Path(os.path.realpath(self.folder / name)) for name in self.names)
        sizes = map(plain_size, paths)
        return [f"{name}\0{size}" for name, size in zip(self.names, sizes, strict=True)]


@dataclass(frozen=True, eq=False)
class StampedRows(Dataset[Any]):
    """The items of a store by row: image number `positions[row]`, or none that is there (-1)."""

    images: Images
    positions: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, row: int) -> Any:
        if self.positions[row] < 0:
            raise ArgumentError("no file any more")
        return self.images[int(self.positions[row])]

    def stamp(self, row: int) -> Stamp | None:
        """The checksum and the hint of a file as it is now; None where it cannot be read."""
        at = int(self.positions[row])
        return None if at < 0 else read_stamp(self.images.path(self.images.names[at]))


def image_names(folder: Path) -> list[str]:
    """The paths of all images below a folder, relative to it and sorted.

    Those of `openal embed`: hidden files and trash are left out, linked folders are not.
    """
    found = image_files(Path(folder))
    if not found.names:
        raise ArgumentError(f"{folder} holds no images. {found.omissions()}".strip())
    return [*found.names]
