"""Items on their way to the encoder: batch after batch, with those apart that cannot be read."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from openal.items import item_input

__all__ = ["Batch", "read", "reason"]

ADDRESS = re.compile("0x[0-9a-fA-F]+")
Attempt = tuple[int, Tensor | str]
Batch = tuple[list[int], Tensor | None, dict[int, str]]
"""The indices of the rows of a tensor, and why others are not among them."""


@dataclass(frozen=True, eq=False)
class Attempts(Dataset[Attempt]):
    """The input of each item, or why it cannot be read."""

    items: Any

    def __getitem__(self, index: int) -> Attempt:
        try:
            return index, torch.as_tensor(item_input(self.items[index]), device="cpu")
        except MemoryError:
            raise
        except Exception as error:  # a broken file may raise nearly anything
            return index, reason(error)


def reason(error: Exception) -> str:
    """What went wrong, in the same words every time."""
    return ADDRESS.sub("0x", f"{type(error).__name__}: {error}")[:300]


def collated(attempts: list[Attempt]) -> Batch:
    """The inputs of a batch; one whose shape is not that of the others counts as unreadable."""
    failed = {index: x for index, x in attempts if isinstance(x, str)}
    inputs = {index: x for index, x in attempts if isinstance(x, Tensor)}
    if not inputs:
        return [], None, failed
    shape = Counter(tuple(x.shape) for x in inputs.values()).most_common(1)[0][0]
    for index, x in inputs.items():
        if tuple(x.shape) != shape:
            failed[index] = f"its shape is {tuple(x.shape)}; others have {shape}"
    good = [index for index in inputs if index not in failed]
    return good, torch.stack([inputs[index] for index in good]), failed


def read(items: Any, batches: Sequence[Any], *, workers: int, pin: bool) -> Iterator[Batch]:
    """The batches, each a range of indices, in their order; `workers` processes read ahead."""
    loader = DataLoader(
        Attempts(items),
        batch_sampler=batches,
        collate_fn=collated,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # a loader draws from the global generator otherwise
    )
    with torch.device("cpu"):  # where it draws a seed, and its workers make items
        found = iter(loader)
    yield from found
