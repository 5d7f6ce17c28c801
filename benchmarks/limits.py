"""What this machine can do at best: multiply matrices, and read memory."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv2d

from benchmarks.row import Work
from benchmarks.timing import seconds

__all__ = ["device_limits", "fastest", "limit_seconds", "limits"]

SIDE = 2048
DEVICE_SIDE = 8192
ELEMENTS = 2**28  # of float32: 1 GiB, more than any cache


def limits(side: int = SIDE, elements: int = ELEMENTS) -> dict[str, float]:
    """Float32 operations per second of matrix products by several ways, and bytes read per second.

    `gemm` and `read` are the best of them. `conv2d` is a product as a 1 x 1 convolution, which
    oneDNN computes: on some processors it is faster than `torch.mm`.
    """
    found = {**_products(side), **_reading(elements)}
    ways = [found[name] for name in ("torch.mm", "conv2d", "numpy")]
    return {"gemm": max(ways), "read": max(found["torch.sum"], found["numpy.dot"]), **found}


def device_limits(
    device: str, side: int = DEVICE_SIDE, elements: int = ELEMENTS
) -> dict[str, float]:
    """The same of a GPU; `bfloat16` is the rate of products of that type."""
    rates = {
        name: 2.0 * side**3 / fastest(partial(torch.mm, square, square))
        for name, dtype in (("gemm", torch.float32), ("bfloat16", torch.bfloat16))
        for square in [torch.rand(side, side, device=device).to(dtype)]
    }
    values = torch.ones(elements, device=device)
    return {**rates, "read": 4 * elements / fastest(values.sum)}


def limit_seconds(work: Work, measured: dict[str, float]) -> float:
    """The time of some work at these limits."""
    return work.flops / measured["gemm"] + work.bytes / measured["read"]


def fastest(run: Callable[[], Any], times: int = 7) -> float:
    """The best of several runs, after one that does not count."""
    run()
    return min(seconds(run) for _ in range(times))


@torch.inference_mode()
def _products(side: int) -> dict[str, float]:
    left, right = (torch.rand(side, side) - 0.5 for _ in range(2))
    out, flops = torch.empty(side, side), 2.0 * side**3
    array, other, result = left.numpy(), right.numpy(), out.numpy()
    images = left.view(64, -1, 1, side).permute(0, 3, 1, 2)  # channels last
    filters = right.view(side, side, 1, 1)
    return {
        "torch.mm": flops / fastest(lambda: torch.mm(left, right.T, out=out)),
        "conv2d": flops / fastest(lambda: conv2d(images, filters)),
        "numpy": flops / fastest(lambda: np.matmul(array, other.T, out=result)),
    }


def _reading(elements: int) -> dict[str, float]:
    values = torch.ones(elements)
    array = values.numpy()
    return {
        "torch.sum": 4 * elements / fastest(values.sum, 3),
        "numpy.dot": 4 * elements / fastest(lambda: np.dot(array, array), 3),
    }
