"""One pass of a user's network: any module or callable, left exactly as it was found."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pickle import PicklingError
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from openal.checks import as_count
from openal.errors import ArgumentError, ModelError
from openal.fields import as_device
from openal.items import item_input

__all__ = [
    "Inputs",
    "Model",
    "batches",
    "check_batches",
    "device_of",
    "inference_mode_of",
    "joined",
    "last_linear_input",
    "named_outputs",
    "target_device",
]


class Inputs(Dataset[Any]):
    """The inputs x of a data set at some indices; what else an item holds is not read."""

    def __init__(self, items: Any, indices: np.ndarray) -> None:
        self.items, self.indices = items, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Tensor:
        index = int(self.indices[position])
        try:
            return torch.as_tensor(item_input(self.items[index]), device="cpu")
        except Exception as error:
            raise ArgumentError(
                f"items[{index}] must give a tensor, or a tuple or dict that holds one: {error}"
            ) from error


def _stack(batch: list[Tensor]) -> Tensor:
    shapes = {tuple(x.shape) for x in batch}
    if len(shapes) > 1:
        raise ArgumentError(f"items must have one shape, got {sorted(shapes)} in one batch.")
    return torch.stack(batch)


def device_of(module: Any, device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the one that holds the module's parameters, else the CPU."""
    if device is not None:
        return as_device(device)
    parameters = module.parameters() if isinstance(module, nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), torch.device("cpu"))


def target_device(device: str | torch.device | None) -> torch.device:
    """The device asked for, else a GPU where there is one."""
    return as_device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


@contextmanager
def inference_mode_of(module: Any) -> Iterator[None]:
    """Evaluation mode without gradients; every submodule's own mode is put back afterwards."""
    submodules = list(module.modules()) if isinstance(module, nn.Module) else []
    modes = [submodule.training for submodule in submodules]
    try:
        for submodule in submodules:
            submodule.training = False
        with torch.no_grad():
            yield
    finally:
        for submodule, mode in zip(submodules, modes, strict=True):
            submodule.training = mode


def check_batches(batch_size: Any, workers: Any) -> None:
    """Refuse a batch size that is neither None nor a count, and workers that are no count."""
    if batch_size is not None:
        as_count(batch_size, "batch_size", minimum=1)
    as_count(workers, "workers")


def batches(
    items: Any,
    indices: np.ndarray,
    device: torch.device,
    *,
    batch_size: int | None = None,
    workers: int = 0,
    progress: bool | None = None,
) -> Iterator[Tensor]:
    """The inputs at `indices`, batch after batch on the device, with a bar on a terminal."""
    loader = DataLoader(
        Inputs(items, indices),
        # On a CPU, larger batches of images outgrow the allocator's cache and run slower.
        batch_size=batch_size or (32 if device.type == "cpu" else 256),
        collate_fn=_stack,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # a loader draws from the global generator otherwise
    )
    hidden = None if progress is None else not progress
    with tqdm(total=len(indices), unit="item", disable=hidden, leave=False) as bar:
        for batch in _read(loader):
            yield batch.to(device, non_blocking=True)
            bar.update(len(batch))


def _read(loader: DataLoader[Any]) -> Iterator[Tensor]:
    """The batches; a worker that cannot start, or dies, is an error that says so."""
    advice = f"workers={loader.num_workers} cannot read the items; workers=0 reads them here"
    try:
        with torch.device("cpu"):  # where it draws a seed, and its workers make items
            found = iter(loader)
    except (PicklingError, AttributeError, TypeError) as error:  # all three are pickle's
        if not loader.num_workers:
            raise
        raise ArgumentError(f"{advice}: {error}") from error
    while True:
        try:
            batch = next(found, None)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise ArgumentError(f"{advice}: {error}") from error
        if batch is None:
            return
        yield batch


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
