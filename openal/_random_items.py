"""Whether items come out otherwise each time they are read: told by transforms, or by reading."""

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from types import CodeType, FunctionType, MethodType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor, nn

from openal._holders import attributes_of, named_globals
from openal._items import item_input

__all__ = ["READ_AGAIN", "random_transforms", "warn_if_varying", "warn_of_random_transforms"]

DRAWS = {
    *("rand", "randn", "rand_like", "randn_like", "randint", "randint_like", "randperm"),
    *("uniform_", "normal_", "exponential_", "bernoulli", "bernoulli_", "multinomial", "poisson"),
    *("random", "random_", "default_rng", "RandomState", "py_random", "random_generator"),
}
"""What code names that draws random numbers, of torch, NumPy, Python or albumentations."""

SEEDS = {"manual_seed", "seed", "Generator"}
"""What code names that may draw the same numbers each time: reading tells."""

NAMES = ("Random", "AutoAugment", "RandAugment", "TrivialAugment", "AugMix", "ColorJitter")
"""How the names of transforms begin that draw in code of their own."""

RANGES = ("sigma", "quality")
"""Between which numbers a transform draws: where both are the same, it does not."""

ATOMS = (str, bytes, int, float, complex, type(None), type, Tensor, np.ndarray, np.generic)
MOST_OBJECTS = 1000
"""So many are looked at."""
MOST_ELEMENTS = 50
"""So many elements of a list are looked at: a data set may hold a million."""
READ_AGAIN = 4
"""So many items are read a second time."""

ADVICE = "so signals do not repeat. Give the pool the data set with the transforms of evaluation."
_LOOKED_AT: "WeakValueDictionary[int, Any]" = WeakValueDictionary()
"""The data sets that were warned of, or read a second time, by their ids."""


def warn_of_random_transforms(items: Any, *, stacklevel: int) -> None:
    """Warn where a data set's transforms draw random numbers."""
    if drawn := random_transforms(items):
        _remember(items)
        warnings.warn(
            f"items are changed at random when they are read ({', '.join(drawn)}), {ADVICE}",
            stacklevel=stacklevel + 1,
        )


def warn_if_varying(items: Any, indices: np.ndarray, inputs: Tensor) -> None:
    """Warn once of a data set if the first of its `inputs` are others when they are read again."""
    inner = getattr(items, "items", items)  # of an encoder's transform
    inner = items if callable(inner) else inner
    in_memory = isinstance(inner, list | tuple | Mapping | Tensor | np.ndarray)
    if in_memory or _LOOKED_AT.get(id(inner)) is inner:
        return
    _remember(inner)
    for index, x in zip(indices[:READ_AGAIN].tolist(), inputs, strict=False):
        if not _same_again(items, index, x):
            warnings.warn(
                f"items[{index}] is another input when it is read again, {ADVICE}", stacklevel=2
            )
            return


def _same_again(items: Any, index: int, x: Tensor) -> bool:
    try:
        return _same(x, torch.as_tensor(item_input(items[index]), device="cpu"))
    except Exception:  # what can be read once only was read
        return True


def _remember(items: Any) -> None:
    try:
        _LOOKED_AT[id(items)] = items
    except TypeError:  # nothing can refer to it weakly
        return


def _same(x: Tensor, y: Tensor) -> bool:
    """Whether two inputs are equal; a NaN equals a NaN."""
    if x.shape != y.shape:
        return False
    x, y = (each.detach().to_dense() if each.layout != torch.strided else each for each in (x, y))
    return bool(((x == y) | ((x != x) & (y != y))).all())


def random_transforms(dataset: Any) -> list[str]:
    """The names of the transforms that a data set leads to and whose code draws random numbers.

    They may stand in wrappers, containers, attributes of any name, closures and partials.
    """
    names: dict[str, None] = {}
    left, seen = [dataset], dict[int, Any]()
    while left and len(seen) < MOST_OBJECTS:
        holder = left.pop()
        if isinstance(holder, ATOMS) or id(holder) in seen or _has_weights(holder):
            continue
        seen[id(holder)] = holder
        if _draws(holder):
            names[getattr(holder, "__name__", type(holder).__name__)] = None
        left += list(_inside(holder))
    return sorted(names)


def _has_weights(holder: Any) -> bool:
    return isinstance(holder, nn.Module) and next(holder.parameters(), None) is not None


def _inside(holder: Any) -> Iterator[Any]:
    """What an object, a container or a function leads to in one step."""
    if isinstance(holder, Mapping):
        yield from islice(list(holder.values()), MOST_ELEMENTS)
    elif isinstance(holder, list | tuple | set):
        yield from islice(list(holder), MOST_ELEMENTS)
    elif isinstance(holder, partial):
        yield from (holder.func, holder.args, holder.keywords)
    elif isinstance(holder, MethodType):
        yield from (holder.__self__, holder.__func__)
    elif isinstance(holder, FunctionType):
        yield from (cell.cell_contents for cell in holder.__closure__ or () if _is_filled(cell))
        yield from holder.__defaults__ or ()
        yield from named_globals(holder).values()
    else:
        yield from attributes_of(holder).values()
        reading = getattr(type(holder), "__getitem__", None)
        named = named_globals(reading).values() if isinstance(reading, FunctionType) else ()
        # What a function may draw is told by reading: not every number is drawn anew.
        yield from (each for each in named if not isinstance(each, FunctionType))


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _draws(holder: Any) -> bool:
    """Whether it is a transform, no data set, whose code names what draws random numbers."""
    kind = type(holder)
    if isinstance(holder, FunctionType):
        return _code_draws(_names(holder.__code__))
    if not callable(holder) or hasattr(kind, "__getitem__") or _is_fixed(holder):
        return False
    return kind.__name__.startswith(NAMES) or _code_draws(_names_of_class(kind))


def _is_fixed(transform: Any) -> bool:
    """Whether it draws between two numbers that are the same."""
    ranges = [getattr(transform, name, None) for name in RANGES]
    return any(isinstance(pair, tuple | list) and len({*pair}) == 1 for pair in ranges)


def _code_draws(names: set[str]) -> bool:
    return bool(names & DRAWS) and not names & SEEDS


def _names_of_class(kind: type) -> set[str]:
    """What the functions of a class name, but for those of torch itself and the first setting."""
    bases = [base for base in kind.__mro__ if base.__module__.partition(".")[0] != "torch"]
    members = (value for base in bases for name, value in vars(base).items() if name != "__init__")
    functions = (getattr(member, "__func__", member) for member in members)  # of static methods
    return {
        name
        for function in functions
        if isinstance(function, FunctionType)
        for name in _names(function.__code__)
    }


def _names(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return {*code.co_names}.union(*(_names(each) for each in inner))
