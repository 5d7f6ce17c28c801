"""The same rows with their arrays on a GPU, at sizes that fill it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.row import Agreement, Arrays, Peer, Row, Size, Unavailable

__all__ = ["name_of", "on_device", "require"]

LARGER = 8
"""How many times the pool of `--full` there is on a GPU."""


def require(device: str) -> None:
    """End with a sentence where there is no such device."""
    try:
        torch.ones(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SystemExit(f"--device {device} is not here: {str(error).splitlines()[0]}") from error


def name_of(device: str) -> str:
    """What the device calls itself."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def on_device(row: Row, device: str, larger: int = LARGER) -> Row:
    """The row with its arrays on `device`; what cannot run there is `Unavailable`."""
    peers = {
        name: Peer(_tried(peer.run, device), peer.needs, peer.steps)
        for name, peer in row.peers.items()
    }

    def make(**size: int) -> Arrays:
        return moved(row.make(**size), device)

    def agree(mine: Any, theirs: Any, **arrays: Any) -> Agreement:
        return row.agree(moved(mine, "cpu"), moved(theirs, "cpu"), **moved(arrays, "cpu"))

    size = _larger(row.full, larger)
    ours = _tried(row.ours, device)
    return replace(row, make=make, ours=ours, peers=peers, agree=agree, quick=size, full=size)


def _larger(size: Size, times: int) -> Size:
    return {**size, "n": size["n"] * times}


def moved(value: Any, device: str) -> Any:
    """Tensors and networks in tuples and dictionaries, on a device."""
    if isinstance(value, Tensor | nn.Module):
        return value.to(device)
    if isinstance(value, dict):
        return {name: moved(inner, device) for name, inner in value.items()}
    if isinstance(value, tuple):
        inner = [moved(item, device) for item in value]
        return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
    return value


def _tried(run: Callable[..., Any], device: str) -> Callable[..., Any]:
    """The same; where it ends in an error, that tells why it does not run on the device."""

    def tried(**arrays: Any) -> Any:
        try:
            return run(**arrays)
        except (TypeError, ValueError, RuntimeError, torch.OutOfMemoryError) as error:
            reason = " ".join(str(error).split())
            raise Unavailable(f"not on {device}: {reason:.100}") from error

    return tried
