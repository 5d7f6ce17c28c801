"""What a learner computes with, as a checksum: its networks' weights, its arrays, its settings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from openal._checksums import checksum_of, content_of
from openal._holders import LEFT_OUT, holders_of, inside, is_plain_object

__all__ = ["LearnerState", "state_of"]

SETTINGS = (int, float, complex, str, bytes, type(None), torch.dtype, torch.device)
CONTAINERS = (dict, list, tuple, set, frozenset)


@dataclass(frozen=True)
class LearnerState:
    """What a learner computed with; equal states compute the same.

    Attributes:
        weights: a checksum of the parameters and buffers of its networks, which nobody should
            change while they compute.
        others: one of everything else that it leads to, which may count its own passes.
        held: objects that cannot be looked into, which count by their identity.
    """

    weights: bytes
    others: bytes
    held: tuple[Any, ...] = field(default=(), compare=False, repr=False)


def state_of(learner: Any) -> LearnerState | None:
    """The state of a learner as of now; None where a value of it cannot be read.

    Parameters and buffers of all networks that it leads to, and arrays, are read whole; objects
    written in another language count by their identity. A learner with a method `_made_from`
    says itself what it computes with.
    """
    told = getattr(learner, "_made_from", None)
    if told is not None:
        return LearnerState(repr(told()).encode(), b"")
    seen = holders_of(learner).seen
    opaque = tuple(each for each in seen if _is_opaque(each))
    try:
        weights = {id(each): each for holder in seen for each in _weights(holder)}
        others = chain(_others(seen, {*weights}), _settings(learner, seen), map(_identity, opaque))
        found = chain.from_iterable(map(_described, weights.values()))
        return LearnerState(checksum_of(found), checksum_of(others), opaque)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):  # a tensor without numbers
        return None


def _weights(holder: Any) -> list[Tensor]:
    """The parameters and buffers of a network, but for those of the networks in it."""
    if isinstance(holder, torch.jit.ScriptModule):
        return [*holder.parameters(), *holder.buffers()]
    if not isinstance(holder, nn.Module):
        return []
    held = (*vars(holder)["_parameters"].values(), *vars(holder)["_buffers"].values())
    return [each for each in held if each is not None]


def _others(seen: Iterable[Any], known: set[int]) -> Iterator[bytes | np.ndarray]:
    """The code of functions, and the contents of arrays that are no weights."""
    for holder in seen:
        if isinstance(holder, FunctionType):
            yield _number(hash(holder.__code__))
        for value in (holder, *inside(holder)):
            if isinstance(value, Tensor | np.ndarray) and id(value) not in known:
                known.add(id(value))
                yield from _described(value)


def _described(value: Tensor | np.ndarray) -> Iterator[bytes | np.ndarray]:
    yield f"{value.dtype}{tuple(value.shape)}".encode()
    of_objects = isinstance(value, np.ndarray) and value.dtype.hasobject
    yield repr(value.tolist()).encode() if of_objects else content_of(value)


def _settings(learner: Any, seen: Iterable[Any]) -> Iterator[bytes]:
    """The plain attributes of networks and of the learner; a mode is none, it is not used."""
    for holder in seen:
        if holder is learner or isinstance(holder, nn.Module):
            for name, value in [*getattr(holder, "__dict__", {}).items()]:
                if isinstance(value, SETTINGS) and name != "training":
                    yield f"{name}={value!r}".encode()


def _is_opaque(value: Any) -> bool:
    """Whether nothing of the user's can be seen in it but that it is the same object."""
    known = (nn.Module, FunctionType, ModuleType, np.ndarray, Tensor, *CONTAINERS)
    if isinstance(value, known) or is_plain_object(value):
        return False
    return type(value).__module__.partition(".")[0] not in LEFT_OUT


def _identity(value: Any) -> bytes:
    return _number(id(value))


def _number(value: int) -> bytes:
    return value.to_bytes(16, "little", signed=True)
