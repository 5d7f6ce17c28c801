"""One pass of a user's network: any module or callable, left exactly as it was found."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._batches import batches, device_of, inference_mode_of
from openal.errors import ModelError

__all__ = ["Model", "joined", "last_linear_input", "named_outputs"]


@dataclass(frozen=True, eq=False)
class Model:
    """A user's classifier as a learner: `logits` and `features` from one pass over its inputs.

    `module` returns a logits tensor, (logits, features), a mapping with these names or an object
    with `.logits`. Features that it does not return are the input of its last linear layer.

    With `amp` the pass is in mixed precision, bfloat16, several times faster where the processor
    has units for it; the signals are float32 all the same, to about three digits.
    """

    module: Callable[[Tensor], Any]
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0
    amp: bool = False

    offers: ClassVar[tuple[str, ...]] = ("features", "logits")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def signals(
        self,
        pool: Any,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...], on the model's device."""
        device = device_of(self.module, self.device)
        mixed = partial(torch.autocast, device.type, torch.bfloat16) if self.amp else nullcontext
        outputs: dict[str, list[Tensor]] = {name: [] for name in names}
        with inference_mode_of(self.module), last_linear_input(self.module) as seen:
            for x in batches(
                pool.items,
                indices,
                device,
                batch_size=self.batch_size,
                workers=self.workers,
                progress=progress,
            ):
                with mixed():
                    output = named_outputs(self.module(x))  # before what it saw is read
                found = {**seen, **output}
                for name in names:
                    rows = _rows(found, name, len(x))
                    outputs[name].append(rows.float() if self.amp else rows)
        return {name: joined(parts, name, device) for name, parts in outputs.items()}


def joined(parts: list[Tensor], name: str, device: torch.device) -> Tensor:
    """The rows of all batches [n, ...]; no batches are no rows."""
    shapes = {tuple(each.shape[1:]) for each in parts}
    if len(shapes) > 1:
        raise ModelError(
            f"model must give {name} of one shape per item, got {sorted(shapes)} in its batches."
        )
    return torch.cat(parts) if parts else torch.empty(0, 0, device=device, dtype=torch.float32)


@contextmanager
def last_linear_input(module: Any) -> Iterator[dict[str, Tensor]]:
    """Fills a mapping with `features`, the input of the last linear layer that ran."""
    seen: dict[str, Tensor] = {}

    def remember(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen["features"] = inputs[0]

    submodules = module.modules() if isinstance(module, nn.Module) else ()
    linears = [each for each in submodules if isinstance(each, nn.Linear)]
    hooks = [linear.register_forward_pre_hook(remember) for linear in linears]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def named_outputs(output: Any) -> dict[str, Tensor]:
    """A network's output by name: `logits`, and `features` where there are any."""
    if isinstance(output, Tensor):
        return {"logits": output}
    if isinstance(output, Mapping):
        return {name: output[name] for name in ("logits", "features") if name in output}
    if hasattr(output, "logits"):
        names = ("logits", "features")
        return {name: getattr(output, name) for name in names if hasattr(output, name)}
    if isinstance(output, tuple | list) and len(output) == 2:
        return {"logits": output[0], "features": output[1]}
    raise ModelError(
        f"model must return logits, (logits, features), a mapping or an object with .logits; "
        f"got {type(output).__name__}."
    )


def _rows(found: dict[str, Any], name: str, n: int) -> Tensor:
    value = found.get(name)
    if not isinstance(value, Tensor):
        raise ModelError(
            f"model gives no {name!r}: it returned {sorted(found)}; return (logits, features), "
            f"or end in a torch.nn.Linear whose input can be read."
        )
    if value.ndim != 2 or len(value) != n:
        raise ModelError(f"model must give {name} [{n}, ...] in 2 dimensions, got {value.shape}.")
    return value.detach().clone()
