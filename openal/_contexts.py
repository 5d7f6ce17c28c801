"""The contexts in which openal computes, whatever a user has put around a call."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

__all__ = ["own_contexts"]

AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextmanager
def own_contexts() -> Iterator[None]:
    """Gradients on, inference mode and autocast off, NumPy's usual treatment of odd numbers.

    All of these belong to the thread, and are afterwards as they were. Also a decorator.
    """
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in AUTOCAST:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        yield
