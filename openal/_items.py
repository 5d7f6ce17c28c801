"""What a user's dataset holds: the input x of an item, and the inputs of the answered items."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from torch.utils.data import Dataset, IterableDataset

from openal.errors import ArgumentError

__all__ = ["AnsweredSubset", "check_dataset", "item_input"]

INPUT_KEYS = ("image", "pixel_values", "x", "input")
LABEL_KEYS = ("label", "labels", "target", "targets", "y")


@final
class AnsweredSubset(Dataset[tuple[Any, ...]]):
    """Some items of a dataset, each with the class that people answered, as torchvision has it.

    `dataset` is the dataset, `indices` (int64 [m]) are the items and `targets` (int64 [m]) their
    classes: ids into `classes`, the names, and by name in `class_to_idx`.
    """

    def __init__(
        self,
        dataset: Any,
        indices: np.ndarray,
        targets: np.ndarray,
        classes: tuple[str, ...] = (),
    ) -> None:
        self.dataset, self.indices, self.targets = dataset, indices, targets
        self.classes = list(classes)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The id of each class, by its name."""
        return {name: k for k, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[Any, ...]:
        # int(): Arrow datasets refuse numpy.int64.
        item = self.dataset[int(self.indices[position])]
        return (*_inputs(item), int(self.targets[position]))


def _inputs(item: Any) -> tuple[Any, ...]:
    """All inputs of what a dataset returned: x of (x, y), x1 and x2 of (x1, x2, y).

    A dict of more arrays than its input and its label stays whole.
    """
    if isinstance(item, tuple | list) and len(item) > 2:
        return tuple(item[:-1])
    x = item_input(item)
    if not isinstance(item, Mapping):
        return (x,)
    others = (value for key, value in item.items() if value is not x and key not in LABEL_KEYS)
    return (item,) if any(getattr(value, "ndim", 0) for value in others) else (x,)


def item_input(item: Any) -> Any:
    """The input x of what a dataset returned: x itself, (x, ...), or a dict that holds x.

    In a dict x is the first there is of "image", "pixel_values", "x" and "input".

    >>> item_input(("picture", 3)), item_input({"label": 3, "image": "picture"})
    ('picture', 'picture')
    """
    if isinstance(item, tuple | list) and len(item):
        return item[0]
    if isinstance(item, tuple | list):
        raise ArgumentError("The dataset returned an empty tuple or list; (x, ...) was expected.")
    if not isinstance(item, Mapping):
        return item
    for key in INPUT_KEYS:
        if key in item:
            return item[key]
    raise ArgumentError(
        f"The dataset returned a dict with the keys {list(item)}; one of {list(INPUT_KEYS)} must "
        "be there to hold the input."
    )


def check_dataset(dataset: Any, size: int) -> None:
    """Refuse a dataset that cannot be what the indices 0..size-1 are about."""
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise ArgumentError("dataset must have a length and take indices (a map-style dataset).")
    if len(dataset) != size:
        raise ArgumentError(f"dataset has {len(dataset)} items; the labeled set has {size}.")
