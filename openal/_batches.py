"""From the items of a data set to batches on a device."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from openal._checks import as_count
from openal._fields import as_device
from openal._items import item_input
from openal._progress import progress_bar
from openal._random_items import warn_if_varying
from openal._workers import loaded, usable_workers
from openal.errors import ArgumentError

__all__ = ["Inputs", "Transformed", "batches", "check_batches", "device_of", "target_device"]


class Inputs(Dataset[Any]):
    """The inputs x of a data set at some indices; what else an item holds is not read."""

    def __init__(self, items: Any, indices: np.ndarray) -> None:
        self.items, self.indices = items, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Tensor:
        index = int(self.indices[position])
        try:
            x = item_input(self.items[index])
        except Exception as error:
            raise ArgumentError(_refused(index, error)) from error
        try:
            return torch.as_tensor(x, device="cpu")
        except Exception as error:
            raise ArgumentError(f"{_refused(index, error)}. {ADVICE}") from error


ADVICE = (
    "Tell the network that reads it how it becomes a tensor: model=Model(network, transform=...) "
    "of openal.model, Encoder(network, transform=...)."
)


def _refused(index: int, error: Exception) -> str:
    kind = "" if isinstance(error, ArgumentError) else f"{type(error).__name__}: "
    return f"items[{index}] must give a tensor, or a tuple or dict that holds one: {kind}{error}"


@dataclass(frozen=True, eq=False)
class Transformed:
    """The inputs x of a data set, each transformed where it is read.

    Attributes:
        items: the data set.
        transform: what makes another input of each.
    """

    items: Any
    transform: Callable[[Any], Any]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.transform(item_input(self.items[index]))


def _stack(batch: list[Tensor]) -> Tensor:
    shapes = {tuple(x.shape) for x in batch}
    if len(shapes) > 1:
        raise ArgumentError(f"items must have one shape, got {sorted(shapes)} in one batch.")
    return torch.stack(batch)


def device_of(module: Any, device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the one that holds the module's parameters, else the CPU."""
    if device is not None:
        return as_device(device)
    network = getattr(module, "__self__", module)  # of a method: whose it is
    parameters = network.parameters() if isinstance(network, nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), torch.device("cpu"))


def target_device(device: str | torch.device | None) -> torch.device:
    """The device asked for, else a GPU where there is one."""
    return as_device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


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
    workers = usable_workers(workers)
    loader = DataLoader(
        Inputs(items, indices),
        # On a CPU, larger batches of images outgrow the allocator's cache and run slower.
        batch_size=batch_size or (32 if device.type == "cpu" else 256),
        collate_fn=_stack,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # a loader draws from the global generator otherwise
    )
    with progress_bar(progress, total=len(indices), unit="item", leave=False) as bar:
        for number, batch in enumerate(loaded(loader)):
            if number == 0:
                warn_if_varying(items, indices, batch)
            yield batch.to(device, non_blocking=True)
            bar.update(len(batch))
