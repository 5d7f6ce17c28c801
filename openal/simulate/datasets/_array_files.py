"""Labels in a file: integers of NumPy, or a text with one name or number per line."""

from pathlib import Path

import numpy as np

from openal._checks import as_finite, as_integers, as_tensor
from openal._files import plain_bytes, require_plain
from openal.errors import ArgumentError

__all__ = ["as_singles", "read_array", "read_labels"]

LONGEST = 1_000  # digits; Python reads no number of many more


def read_labels(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class ids int64 [n], and the name of each id.

    Classes are numbered in the order of their numbers, or else of their names.
    """
    if path.suffix == ".npy":
        values = as_integers(read_array(path), str(path))
        distinct, labels = np.unique(values, return_inverse=True)
        return labels.astype(np.int64), tuple(map(str, distinct.tolist()))
    words = _lines(path)
    numbers = all(word.isdecimal() and len(word) <= LONGEST for word in words)
    distinct_words = sorted(set(words), key=_order if numbers else None)
    position = {word: k for k, word in enumerate(distinct_words)}
    return np.array([position[word] for word in words], np.int64), tuple(distinct_words)


def read_array(path: Path) -> np.ndarray:
    """The array in a .npy file; what would have to be unpickled is refused."""
    try:
        require_plain(path)
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except Exception as error:  # a broken header may raise nearly anything
        raise ArgumentError(f"{path} cannot be read as a .npy file: {error!s:.200}") from error
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"{path} is an archive of arrays; one array in a .npy was expected.")
    return array


def as_singles(vectors: np.ndarray, path: Path) -> np.ndarray:
    """Vectors of that file in single precision [n, D]; one that is infinite there is refused."""
    return as_finite(as_tensor(vectors, str(path)).float(), str(path), ndim=2).numpy()


def _lines(path: Path) -> list[str]:
    if path.suffix not in (".csv", ".txt"):
        raise ArgumentError(f"{path} must end in .npy, .txt or .csv.")
    try:
        words = plain_bytes(path).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} cannot be read as text: {error}") from error
    for number, word in enumerate(words, 1):
        if not word.strip() or "," in word:
            raise ArgumentError(f"{path}, line {number}: one label was expected, got {word!r:.60}.")
    if not words:
        raise ArgumentError(f"{path} is empty; one label per line was expected.")
    return [word.strip() for word in words]


def _order(word: str) -> tuple[int, str]:
    """As numbers where all are; by its text where two say the same one."""
    return int(word), word
