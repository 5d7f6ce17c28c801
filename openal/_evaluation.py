"""A network in evaluation mode beside the user's own, which is never switched or changed.

The copy shares the parameters and has buffers and modes of its own. So a network may train in one
thread while others ask about it, and a pass writes nothing that the user holds.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy as shallow
from dataclasses import dataclass
from functools import partial
from types import CellType, FunctionType, MethodType, SimpleNamespace
from typing import Any
from weakref import ReferenceType, ref

import torch
from numpy import ndarray
from torch import Tensor, nn

from openal._holders import (
    Holders,
    attributes_of,
    evaluating_script,
    functions_of,
    holders_of,
    holds_tensors,
    is_plain_object,
    leads,
    named_globals,
    referent,
    require_initialized,
    tensors_of,
    writes_globals,
)
from openal._unseen import FirstBatchTwice, OwnDraws
from openal.errors import ModelError

__all__ = ["Evaluated", "evaluated", "evaluating_own", "unwrapped"]

CONTAINERS = (dict, OrderedDict, defaultdict, list, set)
WRAPPERS = ("DataParallel", "DistributedDataParallel", "OptimizedModule")
SHARDED = ("FullyShardedDataParallel", "FSDPModule")


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What to call in the place of a user's callable.

    Attributes:
        call: the callable, rebuilt around copies in evaluation mode.
        modules: the copies, which share the parameters.
        root: the copy of the callable itself.
    """

    call: Callable[..., Any]
    modules: tuple[nn.Module, ...]
    root: Any = None

    def named_modules(self) -> dict[str, nn.Module]:
        """Those that can be watched: by their place in a network, or else by a number."""
        plain = (each for each in self.modules if not isinstance(each, torch.jit.ScriptModule))
        named = dict(self.root.named_modules()) if isinstance(self.root, nn.Module) else {}
        known = {id(module): name for name, module in named.items()}
        return {known.get(id(each), f"#{place}"): each for place, each in enumerate(plain)}


@contextmanager
def evaluated(model: Callable[..., Any], argument: str | None = "model") -> Iterator[Evaluated]:
    """The model in evaluation mode, without gradients; the model itself is not touched.

    The networks behind a function, a method, a partial or an object are found and copied as well.
    One that cannot be copied is used as it is where it is in evaluation mode, and else refused.
    Where none is found, or those behind a function are not called, the first batch is passed twice,
    see `FirstBatchTwice`; errors of that call the model `argument`. None passes each batch once: a
    store counts on that. Random numbers are drawn as `OwnDraws` says.
    """
    holders = holders_of(model)
    require_initialized(holders)
    copies = _Copies(holders)
    copy = copies.of(model)
    found = (inner for each in holders.modules for inner in copies.of(each).modules())
    modules = tuple(dict.fromkeys(found))
    hidden = copies.as_they_are or not (isinstance(model, nn.Module) or holds_tensors(holders))
    call: Any = (drawing := OwnDraws(copy, argument or "the encoder"))
    if argument is not None and (hidden or not isinstance(model, nn.Module)):
        call = FirstBatchTwice(call, argument, tensors_of(holders), () if hidden else modules)
    with torch.no_grad():
        yield Evaluated(call, modules, copy)
        copies.require_unwritten()
    drawing.warn_if_drawn()


@contextmanager
def evaluating_own(network: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients of a network that a learner made and nobody else has."""
    modes = {module: module.training for module in network.modules()}
    try:
        for module in modes:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def unwrapped(network: Any) -> Any:
    """The network inside wrappers that compute in parallel or compile."""
    while type(network).__name__ in WRAPPERS:
        network = getattr(network, "_orig_mod", None) or network.module
    return network


class _Copies:
    """One copy of each thing that leads to a module, made when it is first needed."""

    def __init__(self, holders: Holders) -> None:
        self.holders = holders
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []  # or an id might be used again
        self.aliases: list[tuple[str, Tensor, int]] = []
        self.as_they_are: list[Any] = []

    def of(self, value: Any) -> Any:
        """The copy, or the value itself where it leads to no module."""
        if id(value) in self.made:
            return self.made[id(value)]
        if isinstance(value, nn.Module):
            module = referent(value)
            return self._module(value) if module is value else self._keep(value, self.of(module))
        if id(value) not in self.holders.leading:
            return value
        return self._holder(value)

    def require_unwritten(self) -> None:
        """Say so where a pass wrote a parameter: the copy shares them."""
        for name, alias, version in self.aliases:
            if alias._version != version:
                raise ModelError(
                    f"model changes its parameter {name} when it is called, in evaluation mode "
                    f"too; it must leave its parameters alone."
                )

    def _keep(self, value: Any, made: Any) -> Any:
        self.made[id(value)] = made
        self.kept.append(value)
        return made

    def _module(self, module: nn.Module) -> Any:
        kind = type(module).__name__
        if isinstance(module, torch.jit.ScriptModule):
            return self._keep(module, evaluating_script(module))
        if kind in WRAPPERS:
            return self._keep(module, self.of(unwrapped(module)))
        if any(each.__name__ in SHARDED for each in type(module).__mro__):
            return self._keep(module, _as_it_is(module))
        made = self._keep(module, object.__new__(self._class(type(module))))
        inside = dict(vars(module))
        held = {name: self._buffer(each) for name, each in inside.pop("_buffers").items()}
        weights = inside.pop("_parameters").items()
        made.__dict__["_buffers"] = held
        made.__dict__["_parameters"] = {k: self._parameter(f"{kind}.{k}", v) for k, v in weights}
        made.__dict__.update({name: self._attribute(each) for name, each in inside.items()})
        made.__dict__.update(training=False)
        if "_compiled_call_impl" in inside:
            made.__dict__["_compiled_call_impl"] = None
        return made

    def _attribute(self, value: Any) -> Any:
        """A module's attribute: containers, tensors and arrays are its own, as buffers are."""
        if id(value) in self.made:
            return self.made[id(value)]
        if type(value) in CONTAINERS:
            return self._container(value)
        if type(value) is Tensor:
            return self._buffer(value)
        return self._keep(value, value.copy()) if type(value) is ndarray else self.of(value)

    def _container(self, value: Any) -> Any:
        made = self._keep(value, value.copy())
        if isinstance(value, dict):
            made.update({key: self._attribute(each) for key, each in dict(value).items()})
        elif isinstance(value, list):
            made[:] = [self._attribute(each) for each in list(value)]
        return made

    def _buffer(self, value: Tensor | None) -> Tensor | None:
        if value is None or id(value) in self.made:
            return None if value is None else self.made[id(value)]
        made: Tensor = self._keep(value, value.detach().clone())
        return made

    def _parameter(self, name: str, value: Any) -> Any:
        """The same numbers under a counter of their own, which tells whether a pass wrote them."""
        if id(value) in self.made or type(value) is not nn.Parameter or value.is_inference():
            return self.made.get(id(value), value)
        alias = nn.Parameter(value.data, requires_grad=value.requires_grad)
        self.aliases.append((name, alias, alias._version))
        return self._keep(value, alias)

    def _holder(self, value: Any) -> Any:
        """The copy of what is no module and leads to one."""
        if isinstance(value, MethodType):
            return self._keep(value, self._method(value))
        if isinstance(value, partial):
            words = {name: self.of(each) for name, each in value.keywords.items()}
            return self._keep(value, partial(self.of(value.func), *self.of(value.args), **words))
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, tuple):
            parts = [self.of(each) for each in value]
            make = getattr(type(value), "_make", type(value))
            return self._keep(value, make(parts))
        if isinstance(value, dict | list):
            return self._subclassed(value) if is_plain_object(value) else self._container(value)
        if isinstance(value, set | frozenset):
            return self._keep(value, type(value)(self.of(each) for each in value))
        if isinstance(value, ReferenceType):
            return self._keep(value, ref(self.of(value())))
        if is_plain_object(value):
            return self._object(value)
        wrapped = getattr(value, "__wrapped__", None)
        return self._unable(value) if wrapped is None else self._keep(value, self.of(wrapped))

    def _method(self, value: MethodType) -> Any:
        """The method of the copy; a wrapper's is that of the network inside."""
        owner = self.of(value.__self__)
        if type(value.__self__).__name__ in WRAPPERS:
            return getattr(owner, value.__name__)
        return MethodType(self.of(value.__func__), owner)

    def _subclassed(self, value: Any) -> Any:
        """A dictionary or a list of the user's class, which may have attributes."""
        made = self._keep(value, shallow(value))
        if isinstance(value, dict):
            dict.update(made, {key: self.of(each) for key, each in dict.items(value)})
        else:
            list.__setitem__(made, slice(None), [self.of(each) for each in value])
        made.__dict__.update({name: self.of(each) for name, each in vars(value).items()})
        return made

    def _function(self, value: FunctionType) -> Any:
        """The function with cells, defaults and globals of its own where they lead to a module."""
        led = self.holders.leading
        named = {k: v for k, v in named_globals(value).items() if id(v) in led}
        if any("." in name for name in named) or writes_globals(value, named):
            return self._unable(value)
        cells = tuple(CellType() if leads(each, led) else each for each in value.__closure__ or ())
        globals_ = dict(value.__globals__) if named else value.__globals__
        made = FunctionType(value.__code__, globals_, value.__name__, None, cells)
        self._keep(value, made)
        for new, old in zip(cells, value.__closure__ or (), strict=True):
            if new is not old:
                new.cell_contents = self.of(old.cell_contents)
        globals_.update({name: self.of(each) for name, each in named.items()})
        made.__defaults__ = tuple(map(self.of, value.__defaults__ or ())) or None
        made.__kwdefaults__ = {k: self.of(v) for k, v in (value.__kwdefaults__ or {}).items()}
        made.__dict__.update({k: self.of(v) for k, v in vars(value).items()})
        return made

    def _object(self, value: Any) -> Any:
        try:
            if isinstance(value, SimpleNamespace):
                held = {name: self.of(each) for name, each in vars(value).items()}
                return self._keep(value, SimpleNamespace(**held))
            made = self._keep(value, object.__new__(self._class(type(value))))
        except TypeError:
            return self._unable(value)
        nets = {k: v for k, v in vars(type(value)).items() if isinstance(v, nn.Module)}
        for name, each in {**nets, **attributes_of(value)}.items():
            if name in getattr(value, "__dict__", nets):
                made.__dict__[name] = self.of(each)
            else:
                object.__setattr__(made, name, self.of(each))
        return made

    def _class(self, kind: type[Any]) -> Any:
        """The class, or one whose methods reach copies of the global networks that they name."""
        led = {k: v for k, v in functions_of(kind).items() if id(v) in self.holders.leading}
        return (
            type(kind.__name__, (kind,), {k: self.of(v) for k, v in led.items()}) if led else kind
        )

    def _unable(self, value: Any) -> Any:
        """The value itself, where every network behind it is in evaluation mode."""
        for module in holders_of(value).modules:
            _as_it_is(module, f"{value!r:.80}")
        self.as_they_are.append(value)
        return self._keep(value, value)


def _as_it_is(module: nn.Module, holder: str = "it") -> nn.Module:
    """The module, or an error where its mode is training: it can only be used as it is."""
    if getattr(module, "training", False):
        raise ModelError(
            f"model is in training mode, and cannot be copied to be evaluated beside its training "
            f"({type(module).__name__} in {holder}); call .eval() on it before the query."
        )
    return module
