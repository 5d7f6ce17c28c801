"""What a user's dataset holds: the input x of an item, and the inputs of the answered items."""

from collections.abc import Mapping
from operator import index
from typing import Any, final, overload

import numpy as np
from torch.utils.data import Dataset, IterableDataset

from openal.errors import ArgumentError

__all__ = ["AnsweredSubset", "check_dataset", "item_input", "require_map_style"]

INPUT_KEYS = ("image", "pixel_values", "x", "input")
LABEL_KEYS = ("label", "labels", "target", "targets", "y")
NUMBERS = (int, float, complex, np.number, np.bool_)


@final
class AnsweredSubset(Dataset[Any]):
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

    @overload
    def __getitem__(self, position: int) -> Any: ...

    @overload
    def __getitem__(self, position: slice) -> "AnsweredSubset": ...

    def __getitem__(self, position: int | slice) -> Any:
        """The sample and its class at a position; a slice is a subset of the subset."""
        if isinstance(position, slice):
            indices, targets = self.indices[position], self.targets[position]
            return AnsweredSubset(self.dataset, indices, targets, tuple(self.classes))
        try:
            at = index(position)
        except TypeError:
            got = f"{type(position).__name__} {position!r:.60}"
            raise ArgumentError(f"position must be an integer or a slice, got {got}.") from None
        # int(): Arrow datasets refuse numpy.int64.
        item = self.dataset[int(self.indices[at])]
        return _sample(item, int(self.targets[at]))


def _sample(item: Any, target: int) -> Any:
    """What a dataset returned, with the class in the place of its label.

    x of (x, y) gives (x, class), (x1, x2, y) gives (x1, x2, class). A dict stays whole.
    """
    if isinstance(item, Mapping):
        return {**item, **dict.fromkeys(_label_keys(item), target)}
    if isinstance(item, tuple | list) and len(item) > 2:
        _require_no_vector(item)
        return (*item[:-1], target)
    return (item_input(item), target)


def _label_keys(item: Mapping[Any, Any]) -> tuple[str, ...]:
    """The columns of a dict that hold its label; where none does, the one that is added."""
    spelled = tuple(key for key in LABEL_KEYS[:2] if key in item)
    return spelled or (next((key for key in LABEL_KEYS if key in item), LABEL_KEYS[0]),)


def item_input(item: Any) -> Any:
    """The input x of what a dataset returned: x itself, (x, ...), or a dict that holds x.

    In a dict x is the first there is of "image", "pixel_values", "x" and "input".

    >>> item_input(("picture", 3)), item_input({"label": 3, "image": "picture"})
    ('picture', 'picture')
    """
    if isinstance(item, tuple | list) and len(item):
        _require_no_vector(item)
        if len(item) > 1 and isinstance(item[0], NUMBERS) and not isinstance(item[1], NUMBERS):
            raise ArgumentError(
                f"The dataset returned a {type(item).__name__} that begins with the number "
                f"{item[0]}; (x, ...) was expected, with an array or a tensor x in front."
            )
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


def _require_no_vector(item: Any) -> None:
    """Refuse a list of numbers, one input or an input and its label; a pair (x, y) is none."""
    if len(item) < 2 or (isinstance(item, tuple) and len(item) == 2):
        return
    if all(isinstance(number, NUMBERS) for number in item):
        raise ArgumentError(
            f"The dataset returned a {type(item).__name__} of {len(item)} numbers, which may be "
            f"one input or an input and its label. Give tensors, as torch.tensor(data) of a list "
            f"of lists, or (tensor, label)."
        )


def require_map_style(dataset: Any, argument: str) -> None:
    """Refuse a dataset without a length, or whose [i] is not item i."""
    map_style = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    if not map_style or isinstance(dataset, IterableDataset | str | bytes):
        raise ArgumentError(
            f"{argument} must be a map-style data set with __len__ and __getitem__, got "
            f"{type(dataset).__name__}."
        )
    if hasattr(dataset, "iloc"):
        raise ArgumentError(
            f"{argument} is a pandas {type(dataset).__name__}, whose [i] is a column or a name. "
            f"Give an array or a list: .to_numpy(), .tolist()."
        )


def check_dataset(dataset: Any, size: int) -> None:
    """Refuse a dataset that cannot be what the indices 0..size-1 are about."""
    require_map_style(dataset, "dataset")
    if len(dataset) != size:
        raise ArgumentError(f"dataset has {len(dataset)} items; the labeled set has {size}.")
