"""What cannot be seen of a callable: a network that it hides, and random numbers that it draws."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from openal._seeds import Draws
from openal.errors import ModelError

__all__ = ["FirstBatchTwice", "OwnDraws"]

TOLERANCE = 0.03
"""Of the range of an output. Arithmetic differs by less, as do scales of 8 bits that are taken from
a batch; dropout and the statistics of a batch make more."""


@dataclass(eq=False)
class FirstBatchTwice:
    """Calls `call`, and its first batch once more: with other items in its second half.

    What a network in evaluation mode gives for the items of the first half is the same. `argument`
    names the callable, and `kept` are the parameters and buffers that can be found, by name: the
    first batch may not write them. Where one of the networks in evaluation mode that were `found`
    is called, once is enough. `checked` says that the first batch is over.
    """

    call: Callable[[Any], Any]
    argument: str
    kept: tuple[tuple[str, Tensor], ...]
    found: tuple[nn.Module, ...] = ()
    checked: bool = field(default=False, init=False)

    def __call__(self, x: Any) -> Any:
        """What `call` returns."""
        if self.checked or not isinstance(x, Tensor) or x.ndim == 0 or not len(x):
            return self.call(x)
        self.checked = True
        versions = [tensor._version for _, tensor in self.kept]
        if self.found:
            with _called(self.found) as called:
                returned = self.call(x)
            if called:
                return returned
        return self._compared(x, versions)

    def _compared(self, x: Tensor, versions: list[int]) -> Any:
        half = (len(x) + 1) // 2
        mixed = self.call(x[torch.arange(len(x), device=x.device) % half])
        before = {name: t.detach().clone() for name, t in _outputs(mixed).items()}
        returned = self.call(x)  # last: it may be written over by the next call
        self._require_unwritten(versions)
        self._require_same(before, _outputs(returned), half)
        return returned

    def _require_unwritten(self, versions: Iterable[int]) -> None:
        for (name, tensor), version in zip(self.kept, versions, strict=True):
            if tensor._version != version:
                raise ModelError(
                    f"{self.argument} changes {name} when it is called; call .eval() on the "
                    f"network behind it first, or pass the network itself, which is left alone."
                )

    def _require_same(
        self, before: Mapping[str, Tensor], now: Mapping[str, Tensor], half: int
    ) -> None:
        for name in before.keys() & now.keys():
            row = _first_other(before[name], now[name], half)
            if row is not None:
                raise ModelError(
                    f"{self.argument} gives item {row} of its first batch another {name} in "
                    f"another batch: a network behind it seems to be in training mode (dropout, "
                    f"batch normalization), and openal cannot see it. Call .eval() on it first, "
                    f"or pass the network itself."
                )


@contextmanager
def _called(modules: Iterable[nn.Module]) -> Iterator[list[nn.Module]]:
    """Fills a list with the modules that hold parameters or buffers and are called."""
    called: list[nn.Module] = []
    with ExitStack() as stack:
        for module in modules:
            if isinstance(module, torch.jit.ScriptModule):  # which has no hooks to go by
                called.append(module)
            elif any(True for _ in (*module.parameters(False), *module.buffers(False))):
                hook = module.register_forward_pre_hook(lambda it, _: called.append(it))
                stack.callback(hook.remove)
        yield called


@dataclass(eq=False)
class OwnDraws:
    """Calls `call`, whose random numbers come from a generator of ours, and not the global one.

    `argument` names the network. Where `draws` tells that the first batch draws nothing, the next
    ones need no watching.
    """

    call: Callable[[Any], Any]
    argument: str
    draws: Draws = field(default_factory=lambda: Draws(0), init=False)

    def __call__(self, x: Any) -> Any:
        """What `call` returns."""
        if self.draws.passed and not self.draws.drew:
            return self.call(x)
        with self.draws:
            returned = self.call(x)
        self.draws.passed = True
        return returned

    def warn_if_drawn(self) -> None:
        """Say so where random numbers were drawn."""
        if self.draws.drew:
            warnings.warn(
                f"{self.argument} draws random numbers in evaluation mode, so what it gives an "
                f"item depends on its batch: torch.nn.functional.dropout does without "
                f"training=self.training.",
                stacklevel=3,
            )


def _outputs(returned: Any) -> dict[str, Tensor]:
    """The tensors that a callable returned, by name."""
    if isinstance(returned, Tensor):
        return {"output": returned}
    if isinstance(returned, tuple | list):
        named = {f"output {place}": value for place, value in enumerate(returned)}
    else:
        named = dict(
            returned if isinstance(returned, Mapping) else getattr(returned, "__dict__", {})
        )
    return {str(name): value for name, value in named.items() if isinstance(value, Tensor)}


def _first_other(before: Tensor, now: Tensor, rows: int) -> int | None:
    """The first of the rows in which two outputs differ; what is no number agrees with itself."""
    if before.shape != now.shape or not now.is_floating_point() or not now.numel():
        return None
    if now.ndim == 0 or len(now) < rows:  # no rows; whoever reads them says so
        return None
    a, b = (t.detach()[:rows].reshape(rows, -1).double() for t in (before, now))
    finite = b[b.isfinite()]
    span = float(finite.max() - finite.min()) if len(finite) else 0.0
    same = torch.isclose(a, b, rtol=1e-6, atol=TOLERANCE * span, equal_nan=True).all(dim=1)
    return None if bool(same.all()) else int((~same).nonzero()[0])
