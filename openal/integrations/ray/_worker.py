"""What runs in a worker: a function on some blocks of rows, as one process would run it."""

import traceback
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from openal._contexts import own_contexts
from openal._threads import one_thread
from openal.integrations.ray._carried import Elsewhere

__all__ = ["Block", "Outcome", "Work", "mapped", "packed", "unpacked"]

KEPT_WORKS = 4


@final
@dataclass(frozen=True, eq=False)
class Work:
    """A function to be mapped over `columns`: names of signals, None for a column that is sent."""

    function: Callable[..., Any]
    columns: tuple[str | None, ...]
    elsewhere: Elsewhere
    precision: str  # torch's, of products of float32


Block = tuple[np.ndarray, Sequence[Any]]
"""The indices of the rows of a block, and what is sent of its columns."""


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """What a function returned for each block, what it warned of, and what it raised, if it did."""

    returned: list[Any]
    caught: list[tuple[type[Warning], str]]
    error: Exception | None


_works: OrderedDict[str, Work] = OrderedDict()
"""The last works of this process, with their files mapped."""


def mapped(
    key: str, work: Sequence[Any], blocks: Sequence[Block], names: Sequence[Any], *parts: Any
) -> Outcome:
    """Apply the function of a work to blocks; `work` holds its reference, which is got once."""
    returned: list[Any] = []
    error: Exception | None = None
    with warnings.catch_warnings(record=True) as caught, one_thread(), own_contexts():
        warnings.simplefilter("always")
        try:
            here = _work(key, work[0])
            signals = here.elsewhere.signals(dict(zip(names, parts, strict=True)))
            torch.set_float32_matmul_precision(here.precision)
            returned.extend(
                packed(here.function(*_columns(here, signals, block))) for block in blocks
            )
        except Exception as raised:  # it goes back as it is: Ray would wrap it, and print it
            raised.add_note("".join(traceback.format_exception(raised)))
            error = raised.with_traceback(None)
    return Outcome(returned, [(each.category, str(each.message)) for each in caught], error)


def _work(key: str, reference: Any) -> Work:
    if key not in _works:
        work: Work = import_module("ray").get(reference)
        _works[key] = replace(work, elsewhere=work.elsewhere.opened())
        while len(_works) > KEPT_WORKS:
            _works.popitem(last=False)
    return _works[key]


def _columns(work: Work, signals: Any, block: Block) -> list[Tensor]:
    indices, sent = block
    others = iter(sent)
    return [
        unpacked(next(others)) if name is None else signals.take(name, indices)
        for name in work.columns
    ]


def packed(value: Any) -> Any:
    """A tensor as an array, which Ray neither copies nor pickles; anything else as it is."""
    if not isinstance(value, Tensor) or value.dtype == torch.bfloat16:
        return value
    return value.detach().numpy(force=True)


def unpacked(value: Any) -> Any:
    """The tensor again, which may be written into."""
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
