"""The known classes of a dataset: by seed, or by name."""

from collections.abc import Sequence

import numpy as np

from openal._checks import as_integers, as_number
from openal._words import meant, printable
from openal.errors import ArgumentError

__all__ = ["class_names", "closest", "known_classes", "named_classes"]

LISTED = 20


def known_classes(num_classes: int, mismatch: float, seed: int) -> tuple[int, ...]:
    """The known classes of a seed, in label order: a share `mismatch` of all, rounded.

    The same as in the public OpenAL framework (which truncates instead of rounding), so that
    results can be compared with CLIPNAL's. For one seed, the classes of a smaller share come
    first in a larger.

    Args:
        num_classes: how many classes there are.
        mismatch: the share of them that is known, above 0 and at most 1.
        seed: chooses them; 0..2**32-1.

    Raises:
        ArgumentError: the share is not one class, or more classes than there are.

    >>> known_classes(10, 0.4, seed=0), known_classes(10, 0.2, seed=0)
    ((2, 8, 4, 9), (2, 8))
    """
    count = round(num_classes * as_number(mismatch, "mismatch", above=0))
    if not 1 <= count <= num_classes:
        raise ArgumentError(
            f"mismatch is the share of classes that are known; {mismatch:g} of {num_classes} is "
            f"{count} classes, and 1 to {num_classes} were expected."
        )
    # The published class lists come from the legacy generator.
    chosen = np.random.RandomState(seed).choice(num_classes, count, replace=False)
    return tuple(chosen.tolist())


def named_classes(known: Sequence[int | str], names: Sequence[str]) -> tuple[int, ...]:
    """The class ids of classes that are given by id or by name, in that order."""
    ids = tuple(_class_id(name, names) for name in known)
    if not ids:
        raise ArgumentError("known is empty; at least one known class was expected.")
    if len(set(ids)) < len(ids):
        raise ArgumentError(f"known holds a class twice: {list(known)}.")
    return ids


def class_names(names: Sequence[str] | None, labels: np.ndarray) -> tuple[str, ...]:
    """The name of each class id; by default the ids that occur, as strings."""
    top = int(labels.max(initial=-1))
    if len(labels) == 0 or labels.min() < 0:
        raise ArgumentError("labels must be class ids 0, 1, ..., and at least one.")
    names = tuple(map(str, range(top + 1) if names is None else names))
    if top >= len(names):
        raise ArgumentError(f"labels hold class {top}; names has {len(names)}.")
    return names


def closest(word: str, words: Sequence[str]) -> str:
    """What may have been meant instead: "; did you mean NEAT?", or what there is."""
    more = f" and {len(words) - LISTED} more" if len(words) > LISTED else ""
    listed = f"; there are {', '.join(map(printable, words[:LISTED]))}{more}."
    return meant(word, words) or listed


def _class_id(known: int | str, names: Sequence[str]) -> int:
    if isinstance(known, str):
        if known in names:
            return names.index(known)
        raise ArgumentError(f"known class {known!r} is not there{closest(known, names)}")
    (index,) = as_integers([known], "known")
    if not 0 <= index < len(names):
        raise ArgumentError(
            f"known class {known} is not there; ids run from 0 to {len(names) - 1}."
        )
    return int(index)
