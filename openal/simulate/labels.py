"""Labels in a file: integers of NumPy, or a text with one name or number per line."""

from pathlib import Path
from typing import Any

import numpy as np

from openal.checks import as_integers
from openal.errors import ArgumentError

__all__ = ["read_array", "read_labels"]


def read_labels(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class ids int64 [n], and the name of each id.

    Classes are numbered in the order of their numbers, or else of their names.
    """
    if path.suffix == ".npy":
        values = as_integers(read_array(path), str(path))
        distinct, labels = np.unique(values, return_inverse=True)
        return labels.astype(np.int64), tuple(map(str, distinct.tolist()))
    words = _lines(path)
    distinct_words = sorted(set(words), key=_order(words))
    position = {word: k for k, word in enumerate(distinct_words)}
    return np.array([position[word] for word in words], np.int64), tuple(distinct_words)


def read_array(path: Path) -> np.ndarray:
    """The array in a .npy file; what would have to be unpickled is refused."""
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArgumentError(f"{path} cannot be read as a .npy file: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"{path} is an archive of arrays; one array in a .npy was expected.")
    return array


def _lines(path: Path) -> list[str]:
    if path.suffix not in (".csv", ".txt"):
        raise ArgumentError(f"{path} must end in .npy, .txt or .csv.")
    try:
        words = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} cannot be read as text: {error}") from error
    for number, word in enumerate(words, 1):
        if not word.strip() or "," in word:
            raise ArgumentError(f"{path}, line {number}: one label was expected, got {word!r:.60}.")
    if not words:
        raise ArgumentError(f"{path} is empty; one label per line was expected.")
    return [word.strip() for word in words]


def _order(words: list[str]) -> Any:
    """How to sort: as numbers if all are."""
    return int if all(word.isdecimal() for word in words) else str
