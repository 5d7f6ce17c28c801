"""Which networks stand behind a function or an object, and what leads to them."""

import sys
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from types import CellType, CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any
from weakref import ProxyTypes, ReferenceType

import torch
from torch import Tensor, nn

from openal.errors import ModelError

__all__ = [
    "Holders",
    "attributes_of",
    "evaluating_script",
    "functions_of",
    "holders_of",
    "holds_tensors",
    "inside",
    "is_plain_object",
    "leads",
    "named_globals",
    "referent",
    "require_initialized",
    "tensors_of",
    "writes_globals",
]

ATOMS = (int, float, complex, str, bytes, type(None), Tensor, torch.dtype, torch.device, type)
LIBRARIES = "torch torchvision timm transformers open_clip peft accelerate lightning numpy"
LEFT_OUT = sys.stdlib_module_names | {*LIBRARIES.split(), "pytorch_lightning"}
"""The packages whose objects hold no network of the user's, or one that they do not call."""

MOST_OBJECTS = 200_000
"""So many are looked at."""


@dataclass(frozen=True, eq=False)
class Holders:
    """The modules that a callable can reach, and everything on the way to them.

    Attributes:
        modules: the modules.
        leading: the ids of what reaches a module, the modules too.
        seen: all that was looked into, which keeps the ids alive.
    """

    modules: tuple[nn.Module, ...]
    leading: frozenset[int]
    seen: tuple[Any, ...]


def holders_of(root: Any) -> Holders:
    """Looks into closures, methods, partials, globals, containers and objects.

    A module is looked into as well: its hooks or attributes may lead to further ones.
    """
    seen: dict[int, Any] = {id(root): root}
    parents: dict[int, list[int]] = {}
    left = deque([root])
    while left and len(seen) < MOST_OBJECTS:
        holder = left.popleft()
        for inner in inside(holder):
            if isinstance(inner, ATOMS) and not isinstance(inner, nn.Module):
                continue
            parents.setdefault(id(inner), []).append(id(holder))
            if id(inner) not in seen:
                seen[id(inner)] = inner
                left.append(inner)
    modules = tuple(each for each in seen.values() if isinstance(each, nn.Module))
    return Holders(modules, _above({id(each) for each in modules}, parents), (*seen.values(),))


def tensors_of(holders: Holders) -> tuple[tuple[str, Tensor], ...]:
    """The parameters and buffers that were found, each with the kind of what holds it."""
    plain = [m for m in holders.modules if not isinstance(m, torch.jit.ScriptModule)]
    found = [
        (f"{type(module).__name__}.{name}", tensor)
        for module in plain
        for held in (vars(module)["_parameters"], vars(module)["_buffers"])
        for name, tensor in dict(held).items()
        if tensor is not None
    ]
    known = {id(tensor) for _, tensor in found}
    loose = (inner for holder in holders.seen for inner in inside(holder))
    alone = {id(p): p for p in loose if isinstance(p, nn.Parameter) and id(p) not in known}
    found += [(f"a parameter {tuple(p.shape)}", p) for p in alone.values()]
    return tuple((name, tensor) for name, tensor in found if not tensor.is_inference())


def holds_tensors(holders: Holders) -> bool:
    """Whether a network was found, and not only modules that hold nothing, such as a softmax."""
    scripts = any(isinstance(module, torch.jit.ScriptModule) for module in holders.modules)
    held = (t for m in holders.modules for t in chain(m.parameters(), m.buffers()))
    return scripts or next(held, None) is not None


def _above(reached: set[int], parents: dict[int, list[int]]) -> frozenset[int]:
    """The ids, and those of all that leads to them."""
    left = list(reached)
    while left:
        for parent in parents.get(left.pop(), ()):
            if parent not in reached:
                reached.add(parent)
                left.append(parent)
    return frozenset(reached)


def inside(holder: Any) -> Iterator[Any]:
    """What a call of the holder may reach in one step."""
    if isinstance(holder, torch.jit.ScriptModule):
        return
    if isinstance(holder, nn.Module):
        yield from (each for each in dict(vars(holder)).values() if not _is_empty(each))
        yield from functions_of(type(holder)).values()
    elif isinstance(holder, Mapping | list | tuple | set | frozenset | deque):
        yield from dict(holder).values() if isinstance(holder, Mapping) else tuple(holder)
        yield from _inside_object(holder) if is_plain_object(holder) else ()
    elif isinstance(holder, MethodType):
        yield from (holder.__self__, holder.__func__)
    elif isinstance(holder, partial):
        yield from (holder.func, holder.args, holder.keywords)
    elif isinstance(holder, ReferenceType):
        yield holder()
    elif isinstance(holder, FunctionType):
        yield from _inside_function(holder)
    elif is_plain_object(holder):
        yield from _inside_object(holder)
    else:
        yield getattr(holder, "__wrapped__", None) if callable(holder) else None


def _inside_object(holder: Any) -> Iterator[Any]:
    yield from attributes_of(holder).values()
    yield from functions_of(type(holder)).values()
    yield from (each for each in vars(type(holder)).values() if isinstance(each, nn.Module))


def _is_empty(value: Any) -> bool:
    """Whether it is a container without contents, as most attributes of a module are."""
    return isinstance(value, dict | list | tuple | set) and not value


def _inside_function(function: Callable[..., Any]) -> Iterator[Any]:
    target: Any = function
    cells = (cell for cell in target.__closure__ or () if _is_filled(cell))
    yield from (cell.cell_contents for cell in cells)
    yield from target.__defaults__ or ()
    yield from (target.__kwdefaults__ or {}).values()
    yield from named_globals(function).values()
    yield from vars(function).values()


def _is_filled(cell: CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def named_globals(function: Callable[..., Any]) -> dict[str, Any]:
    """The globals that a function of the user's names; those of a module of Python's, as there."""
    target: Any = function
    if str(getattr(target, "__module__", "")).partition(".")[0] in LEFT_OUT:
        return {}
    names = _names(target.__code__)
    found = {name: target.__globals__[name] for name in names if name in target.__globals__}
    modules = {k: v for k, v in found.items() if isinstance(v, ModuleType)}
    for module in modules.values():
        if module.__name__.partition(".")[0] not in LEFT_OUT:
            inside = {name: vars(module)[name] for name in names if name in vars(module)}
            nets = {k: v for k, v in inside.items() if isinstance(v, nn.Module)}
            found |= {f"{module.__name__}.{name}": net for name, net in nets.items()}
    return {k: v for k, v in found.items() if k not in modules}


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, CodeType):
            names |= _names(each)
    return names


def is_plain_object(value: Any) -> bool:
    """Whether it is an instance of a class written in Python, and not of a library's own."""
    kind = type(value)
    if kind in (SimpleNamespace, Namespace):
        return True
    heap = bool(kind.__flags__ & (1 << 9))  # a class statement made it
    return heap and kind.__module__.partition(".")[0] not in LEFT_OUT


def functions_of(kind: Any) -> dict[str, FunctionType]:
    """The functions of a class of the user's, and of those that it inherits from, as of now."""
    held = [item for each in _own_kinds(kind) for item in [*vars(each).items()]]
    return {name: value for name, value in held if isinstance(value, FunctionType)}


@lru_cache(maxsize=1024)
def _own_kinds(kind: Any) -> tuple[Any, ...]:
    """A class of the user's and those that it inherits from, the most general first."""
    kinds = [each for each in kind.__mro__ if each.__module__.partition(".")[0] not in LEFT_OUT]
    return (*reversed(kinds),)


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds, in its dictionary and in its slots."""
    names = (name for kind in type(value).__mro__ for name in _slots(kind))
    held = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return {**held, **getattr(value, "__dict__", {})}


def _slots(kind: type[Any]) -> Iterator[str]:
    """The names under which the slots of a class are found; those that Python fills are none."""
    slots = vars(kind).get("__slots__", ())
    for name in (slots,) if isinstance(slots, str) else tuple(slots):
        private = name.startswith("__") and not name.endswith("__")
        if name not in ("__dict__", "__weakref__"):
            yield f"_{kind.__name__.lstrip('_')}{name}" if private else name


def referent(value: Any) -> Any:
    """The module behind a weak proxy of one, and else the value."""
    return value.parameters.__self__ if type(value) in ProxyTypes else value


def leads(cell: CellType, leading: frozenset[int]) -> bool:
    """Whether a cell of a closure leads to a module."""
    return _is_filled(cell) and id(cell.cell_contents) in leading


def writes_globals(function: FunctionType, named: dict[str, Any]) -> bool:
    """Whether it assigns a global, which would be lost in a copy of them."""
    if not named:
        return False
    import dis

    return any(each.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for each in dis.Bytecode(function))


def require_initialized(holders: Holders) -> None:
    """Refuse a network with a parameter that has no values yet."""
    plain = (each for each in holders.modules if not isinstance(each, torch.jit.ScriptModule))
    for module in plain:
        for name, value in vars(module)["_parameters"].items():
            if isinstance(value, nn.parameter.UninitializedParameter):
                raise ModelError(
                    f"model has a parameter {name!r} without values in {type(module).__name__}; "
                    f"pass a batch through it first."
                )


def evaluating_script(module: Any) -> Any:
    """A frozen or evaluating script as it is, another one as a copy in evaluation mode."""
    if not any(getattr(each, "training", False) for each in module.modules()):
        return module
    return deepcopy(module).eval()
