"""A callable that hides the networks behind it: whether its first batch can be trusted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from openal.errors import ModelError

__all__ = ["FirstBatchTwice"]

TOLERANCE = 0.03
"""Of the range of an output. Arithmetic differs by less, as do scales of 8 bits that are taken from
a batch; dropout and the statistics of a batch make more."""


@dataclass(eq=False)
class FirstBatchTwice:
    """Calls `call`, and its first batch once more: with other items in its second half.

    What a network in evaluation mode gives for the items of the first half is the same. `argument`
    names the callable, and `kept` are the parameters and buffers that can be found, by name: the
    first batch may not write them. `checked` says that the first batch is over.
    """

    call: Callable[[Any], Any]
    argument: str
    kept: tuple[tuple[str, Tensor], ...]
    checked: bool = field(default=False, init=False)

    def __call__(self, x: Any) -> Any:
        """What `call` returns."""
        if self.checked or not isinstance(x, Tensor) or x.ndim == 0 or not len(x):
            return self.call(x)
        self.checked = True
        half = (len(x) + 1) // 2
        versions = [tensor._version for _, tensor in self.kept]
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
