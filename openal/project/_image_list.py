"""What `images` of a project stands for: a folder, a glob, or a table of paths."""

import glob
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openal._files import plain_json, write_whole
from openal._image_folder import image_files
from openal._image_reader import image_endings
from openal.errors import ArgumentError, MissingPackageError
from openal.project._tables import table_rows
from openal.store._listing import Listing, listing_of

__all__ = ["ImageList", "base_folder", "image_list", "keep_names", "kept_names"]

COLUMNS = ("file", "path", "image", "filename", "file_name")
"""How the column of paths may be called; a column alone may have any name."""

MAGIC = frozenset("*?[")
TABLES = {".csv", ".tsv", ".parquet"}


@dataclass(frozen=True)
class ImageList:
    """Images by their names relative to a folder, in an order that stays; `left_out` is said."""

    folder: Path
    names: tuple[str, ...]
    left_out: str = ""


def image_list(images: str, start: Path, *, besides: Sequence[Path] = ()) -> ImageList:
    """The images that `images` stands for, read from the folder `start` on.

    Raises an ArgumentError where there are none.
    """
    path = _joined(start, images)
    if path.is_dir():
        files = image_files(path, besides=besides)
        found = ImageList(path, files.names, files.omissions())
    elif path.suffix.lower() in TABLES and path.is_file():
        found = ImageList(path.parent, _of_table(path))
    elif MAGIC & {*images}:
        found = _of_glob(path)
    else:
        raise ArgumentError(
            f"images {images!r}: {path} is neither a folder, nor a glob such as 'photos/*.jpg', "
            f"nor a CSV or Parquet file of paths."
        )
    if not found.names:
        raise ArgumentError(f"images {images!r}: no image is there. {found.left_out}".strip())
    return found


def base_folder(images: str, start: Path) -> Path:
    """The folder that the names are relative to; nothing is read."""
    path = _joined(start, images)
    if path.suffix.lower() in TABLES and path.is_file():
        return path.parent
    return _fixed(path) if MAGIC & {*images} and not path.is_dir() else path


def _joined(start: Path, images: str) -> Path:
    """The path, without `..` inside it: a folder that is named there need not exist yet."""
    return Path(os.path.normpath(start / images))


def _fixed(pattern: Path) -> Path:
    """The folders of a pattern before its first sign."""
    parts = pattern.parts
    count = next((at for at, part in enumerate(parts) if MAGIC & {*part}), len(parts))
    return Path(*parts[:count])


def _of_glob(pattern: Path) -> ImageList:
    folder, endings = _fixed(pattern), image_endings()
    inside = str(pattern.relative_to(folder))
    found = glob.glob(inside, root_dir=folder, recursive=True)
    names = [name.replace(os.sep, "/") for name in found if (folder / name).is_file()]
    images = [name for name in names if os.path.splitext(name)[1].lower() in endings]
    others = len(names) - len(images)
    left_out = f"Left out: other files: {others}." if others else ""
    return ImageList(folder, tuple(sorted(images, key=lambda name: name.split("/"))), left_out)


def _of_table(path: Path) -> tuple[str, ...]:
    names = _of_parquet(path) if path.suffix.lower() == ".parquet" else _of_csv(path)
    first: dict[str, int] = {}
    for row, name in enumerate(names, 1):
        if not name.strip():
            raise ArgumentError(f"{path}, row {row}: the path is empty.")
        if first.setdefault(name, row) != row:
            raise ArgumentError(f"{path}, row {row}: {name!r} is in row {first[name]} already.")
    if names and not any((path.parent / name).is_file() for name in names):
        raise ArgumentError(
            f"{path}: no path in it is a file, not {names[0]!r} in row 1 either; paths are read "
            f"from {path.parent} on."
        )
    return tuple(names)


def _of_csv(path: Path) -> list[str]:
    rows = [row for _, row in table_rows(path)]
    if not rows:
        raise ArgumentError(f"{path} is empty; a column {COLUMNS[0]!r} of paths was expected.")
    header, *rest = rows
    column = _column(path, header)
    short = next((at for at, row in enumerate(rest, 1) if len(row) <= column), None)
    if short is not None:
        raise ArgumentError(f"{path}, row {short}: there is no column {header[column]!r} in it.")
    return [row[column] for row in rest]


def _of_parquet(path: Path) -> list[str]:
    try:
        import pandas as pd

        frame: Any = pd.read_parquet(path)
    except ImportError as error:
        raise MissingPackageError(
            f'{path}: Parquet needs pandas and pyarrow: pip install "openal[parquet]".'
        ) from error
    except Exception as error:  # whatever is wrong with the file
        raise ArgumentError(f"{path} cannot be read: {error!s:.200}") from error
    return [str(name) for name in frame[frame.columns[_column(path, [*frame.columns])]]]


def _column(path: Path, header: Sequence[str]) -> int:
    names = [str(name).strip().lower() for name in header]
    found = [names.index(name) for name in COLUMNS if name in names]
    if found or len(names) == 1:
        return found[0] if found else 0
    raise ArgumentError(
        f"{path} has the columns {', '.join(map(repr, header))}; one of {', '.join(COLUMNS)} was "
        f"expected, with a path in each row."
    )


def kept_names(path: Path) -> Listing | None:
    """The images that were kept in a file; None where there is none."""
    if not path.exists():
        return None
    try:
        value = plain_json(path)
        names = value["images"]
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError("'images' must be a list of names")
        return listing_of(names, value.get("keys", {}), value.get("retired", []))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArgumentError(
            f"{path} is not the list of images that openal wrote ({error!s:.100}). Embeddings and "
            f"answers are in its order; bring it back from a copy."
        ) from error


def keep_names(path: Path, listing: Listing) -> None:
    """Write the images whole, for embeddings and answers to be in their order from now on."""
    value: dict[str, Any] = {"images": list(listing.names)}
    if listing.other_keys:
        value["keys"] = listing.other_keys
    if listing.retired:
        value["retired"] = sorted(listing.retired)
    write_whole(path, json.dumps(value, indent=0).encode())
