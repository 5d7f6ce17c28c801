"""A store of `openal embed` as labeled data: the folders that its images lie in are the classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openal._words import plural
from openal.errors import ArgumentError
from openal.simulate.datasets._array_files import as_singles, read_labels
from openal.simulate.datasets._folders import PART
from openal.simulate.datasets._sources import DataSource, vectors_source
from openal.store.embeddings import Embeddings

__all__ = ["store_source"]


def store_source(folder: Path, labels: Path | None = None) -> DataSource:
    """The embeddings of the images that are there and could be read, and their classes.

    Without a file of `labels`, a line for each row of the store, an image is of the class whose
    name is that of the outermost folder that it lies in.
    """
    store = Embeddings(folder)
    rows = _there(store)
    if not len(rows):
        raise ArgumentError(f"{folder} has no image that is there and could be read.")
    if labels is None:
        classes, names = _of_folders(store, rows)
    else:
        classes, names = read_labels(labels)
        if len(classes) != len(store):
            raise ArgumentError(
                f"{folder} has {plural(len(store), 'row')}; {labels} has "
                f"{plural(len(classes), 'label')}."
            )
    vectors = as_singles(np.asarray(store[rows]), folder)
    present, kept = np.unique(classes[rows], return_inverse=True)  # classes whose images are gone
    title, kept_names = folder.resolve().name, [names[k] for k in present]
    source = vectors_source(title, vectors, kept.astype(np.int64), kept_names)
    return source.noting(*_left_out(store))


def _there(store: Embeddings) -> np.ndarray:
    """The rows [n] of images that are there and could be read."""
    out = np.union1d(store.retired, store.unreadable)
    return np.setdiff1d(np.arange(len(store)), out)


def _of_folders(store: Embeddings, there: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class ids [N] by the outermost folder of each image, and the names of the classes."""
    names = store.names
    if names is None:
        raise ArgumentError(
            f"{store.folder} was not made from a folder of images, so no folder names the classes; "
            f"{_give(store)}"
        )
    alone = next((names[row] for row in there if "/" not in names[row]), None)
    if alone is not None:
        raise ArgumentError(
            f"the images of {store.folder} do not lie in a folder per class: {alone!r} is in none; "
            f"{_give(store)}"
        )
    folders = [name.partition("/")[0] for name in names]
    _require_classes(store, sorted({folders[row] for row in there}))
    found, classes = np.unique(np.array(folders), return_inverse=True)
    return classes.astype(np.int64), tuple(map(str, found))


def _require_classes(store: Embeddings, folders: Sequence[str]) -> None:
    """Refuse parts of a data set, which are no classes, and a single class."""
    parts = [name for name in folders if PART.fullmatch(name)]
    if len(parts) > 1 or (parts and len(folders) < 2):
        raise ArgumentError(
            f"the images of {store.folder} lie in parts of a data set ({', '.join(parts)}), not in "
            f"a folder per class; {_give(store)}"
        )
    if len(folders) < 2:
        raise ArgumentError(
            f"the images of {store.folder} all lie in {folders[0]!r}, and classes are at least "
            f"two; {_give(store)}"
        )


def _give(store: Embeddings) -> str:
    return f"give --labels FILE, a class for each of its {plural(len(store), 'row')}."


def _left_out(store: Embeddings) -> list[str]:
    """Sentences on the rows that are no data."""
    reasons = store.reasons
    broken = [row for row in reasons if row not in {*store.retired.tolist()}]
    lines = []
    if broken:
        first = f"the first is item {broken[0]} ({reasons[broken[0]]})"
        lines += [f"Left out: {len(broken):,} that could not be read; {first}."]
    if len(store.retired):
        lines += [f"Left out: {len(store.retired):,} that are gone."]
    return lines
