"""The repr of a strategy or a learner as every process writes it: without addresses in memory."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

__all__ = ["described"]

ADDRESS = re.compile(r" at 0x[0-9a-f]+", re.IGNORECASE)
DEPTH = 8
"""How far inside each other functions and objects are looked for."""


def described(value: Any) -> str:
    """The repr of `value`, the same in every process: what a folder of results goes on by.

    A function is told by its name and a digest of its code, an object without a repr of its own by
    its class and its fields. What is neither, and has an address, keeps it.

    >>> def network(outputs): return outputs
    >>> described(network)  # doctest: +ELLIPSIS
    '<function ...network #...>'
    """
    return _described(value, DEPTH)


def _described(value: Any, depth: int) -> str:
    text = repr(value)
    if not ADDRESS.search(text) or depth == 0:
        return text
    own = _told(value, depth)
    if own is not None:
        return own
    for part in _inside(value):
        part_text = repr(part)
        if ADDRESS.search(part_text):
            text = text.replace(part_text, _described(part, depth - 1))
    return text


def _told(value: Any, depth: int) -> str | None:
    """What is said instead of a repr that is no more than an address."""
    if isinstance(value, FunctionType):
        return f"<function {value.__module__}.{value.__qualname__} #{_digest(value, depth)}>"
    if isinstance(value, MethodType):
        return f"{_described(value.__self__, depth - 1)}.{value.__name__}"
    kind: Any = type(value)
    if kind.__repr__ is object.__repr__:
        values = getattr(value, "__dict__", {})
        parts = [f"{name}={_described(part, depth - 1)}" for name, part in values.items()]
        return f"<{kind.__module__}.{kind.__qualname__}({', '.join(parts)})>"
    return None


def _inside(value: Any) -> Iterator[Any]:
    """What a value is made of, outermost first."""
    if isinstance(value, partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, tuple | list | set | frozenset):
        yield from value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, field.name) for field in fields(value))
    else:
        yield from getattr(value, "__dict__", {}).values()


def _digest(function: FunctionType, depth: int) -> str:
    """What tells the code of a function, its defaults and what it closes over from another's."""
    values = [function.__defaults__, function.__kwdefaults__, *_closed_over(function)]
    texts = [_code(function.__code__), *(_described(value, depth - 1) for value in values)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


def _closed_over(function: FunctionType) -> Iterator[Any]:
    """What the function takes from around it; a cell that is not filled yet holds nothing."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):
            yield cell.cell_contents


def _code(code: CodeType) -> str:
    constants = [_constant(value) for value in code.co_consts]
    return repr((code.co_code, constants, code.co_names, code.co_varnames))


def _constant(value: Any) -> str:
    """A constant of a function's code; a set in one order for all processes."""
    if isinstance(value, CodeType):
        return _code(value)
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
