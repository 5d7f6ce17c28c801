"""One pass of a user's network: any module or callable, which is not touched."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._batches import Transformed, batches, device_of
from openal._evaluation import Evaluated, evaluated
from openal._logits_layer import Call, calls_of, logits_call
from openal._workers import plain_worker_errors
from openal.errors import ArgumentError, ModelError

__all__ = ["Model", "Pass", "joined", "named_outputs", "network_of"]


class LogProbabilities(nn.Module):
    """A network that returns probabilities, as one that returns their logarithms."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """The logarithms, which are logits."""
        p = self.network(x)
        return torch.log(p + torch.finfo(p.dtype).eps)


def network_of(model: Any) -> Any:
    """The network inside a skorch net; anything else is returned as it is.

    A classifier of skorch whose criterion is `NLLLoss` takes the logarithm of what its module
    returns, and so do we.
    """
    if not (hasattr(model, "initialize") and hasattr(model, "module") and not callable(model)):
        return model
    network = getattr(model, "module_", None)
    if network is None:
        name = type(model).__name__
        raise ArgumentError(f"model is a {name} without a network; call .initialize() or .fit().")
    takes_log = isinstance(getattr(model, "criterion_", None), nn.NLLLoss)
    return LogProbabilities(network) if takes_log and hasattr(model, "classes") else network


@dataclass(frozen=True, eq=False)
class Model:
    """A user's classifier as a learner: `logits` and `features` from one pass over its inputs.

    `module` returns a logits tensor, (logits, features), a mapping with these names or an object
    with `.logits`. Features that it does not return are what the layer reads whose output is the
    logits: one that is linear in them, which is checked. The module itself is not switched to
    evaluation mode: a copy is, which shares its parameters.

    With `amp` the pass is in mixed precision, bfloat16, several times faster where the processor
    has units for it; the signals are float32 all the same, to about three digits.

    Where the items of a pool are pictures, or not yet what the network reads, `transform` makes it
    of each input x: `query(..., model=Model(network, transform=to_normalized_tensor))`.

    Args:
        module: a network, one of its methods, a callable around one, or a skorch net that was
            initialized.
        device: where it runs; None: where its parameters are.
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        workers: processes that read items; 0 reads them here.
        amp: whether the pass is in mixed precision.
        transform: makes a tensor of an input; None: inputs are tensors.
    """

    module: Callable[[Tensor], Any]
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0
    amp: bool = False
    transform: Callable[[Any], Any] | None = None

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
        module = network_of(self.module)
        with plain_worker_errors(self.workers), evaluated(module) as network:
            return self.passed(network, pool, indices, names, progress=progress)

    def passed(
        self,
        network: Evaluated,
        pool: Any,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The same through a network that is in evaluation mode already."""
        device = device_of(network_of(self.module), self.device)
        mixed = partial(torch.autocast, device.type, torch.bfloat16) if self.amp else nullcontext
        outputs: dict[str, list[Tensor]] = {name: [] for name in names}
        items = pool.items if self.transform is None else Transformed(pool.items, self.transform)
        passes = Pass(network.call, network.named_modules() if "features" in names else {})
        for x in batches(
            items,
            indices,
            device,
            batch_size=self.batch_size,
            workers=self.workers,
            progress=progress,
        ):
            with mixed():
                found = passes(x)
            passes.require_logits(found, len(x))
            for name in names:
                rows = _rows(found, name, len(x))
                outputs[name].append(rows.float() if self.amp else rows)
        return {name: joined(parts, name, device) for name, parts in outputs.items()}


class Pass:
    """Calls a network on batches; gives its outputs by name, and the features that it hides."""

    def __init__(self, call: Callable[[Tensor], Any], modules: Mapping[str, nn.Module]) -> None:
        """`modules` are those whose inputs may be the features; none where nobody asks for them."""
        self.call, self.modules, self.probed = call, modules, dict[str, Any]()
        self.width: int | None = None  # of the logits
        self.auxiliary = False  # whether the second of a pair was seen to be no features

    def require_logits(self, found: dict[str, Any], count: int) -> None:
        """Where features were not found, say first what is wrong with the logits."""
        if not self.modules or "features" in found:
            return
        logits = _rows(found, "logits", count)
        if self.width not in (None, logits.shape[1]):
            raise ModelError(
                f"model must give logits of one shape per item, got {self.width} and "
                f"{logits.shape[1]} columns in its batches."
            )

    def __call__(self, x: Tensor) -> dict[str, Any]:
        """`logits`, and `features` where there are any, of a batch [B, ...]."""
        with calls_of(self.modules) as calls:
            returned = self.call(x)
        output: dict[str, Any] = named_outputs(returned)
        if not calls or not isinstance(output.get("logits"), Tensor):
            return output
        own = "features" in output
        if own and not _may_be_auxiliary(returned, output):
            self.modules = {}
            return output
        read = logits_call(calls, output["logits"], self.probed)
        if own and not self.auxiliary:
            self.auxiliary = read is not None and _is_auxiliary(calls, read, output["features"])
            if not self.auxiliary:
                return output
        output.pop("features", None)
        if read is not None:
            self.modules = {read.name: self.modules[read.name]}
            output["features"], self.width = read.features, output["logits"].shape[1]
        return output


def _may_be_auxiliary(returned: Any, output: dict[str, Any]) -> bool:
    """Whether a bare pair is of two tensors of one shape: features, or other logits."""
    logits, features = output["logits"], output["features"]
    bare = isinstance(returned, tuple | list) and not hasattr(returned, "features")
    return bare and isinstance(features, Tensor) and features.shape == logits.shape


def _is_auxiliary(calls: list[Call], read: Call, second: Tensor) -> bool:
    """Whether the second of a pair is what another layer gives, and not what the logits' reads."""
    if second.shape == read.features.shape and torch.equal(second, read.features):
        return False
    return logits_call(calls, second, {}) is not None


def joined(parts: list[Tensor], name: str, device: torch.device) -> Tensor:
    """The rows of all batches [n, ...]; no batches are no rows."""
    shapes = {tuple(each.shape[1:]) for each in parts}
    if len(shapes) > 1:
        raise ModelError(
            f"model must give {name} of one shape per item, got {sorted(shapes)} in its batches."
        )
    return torch.cat(parts) if parts else torch.empty(0, 0, device=device, dtype=torch.float32)


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
            f"model gives no {name!r}: it returned {sorted(found)}, and no torch.nn.Linear or "
            f"other linear layer in it has the logits as its output; return (logits, features), "
            f'or {{"logits": ..., "features": ...}}.'
        )
    if value.ndim != 2 or len(value) != n:
        raise ModelError(f"model must give {name} [{n}, ...] in 2 dimensions, got {value.shape}.")
    return value.detach().clone()
