"""Global generators that a check or a test seeds for its own while, and puts back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_rng"]


@contextmanager
def isolated_rng(seed: int) -> Iterator[None]:
    """Seeds the global generators of torch, NumPy and Python, and puts back what was there.

    For checks and tests alone: they are the process's, and other threads see them change.
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if devices:  # on a GPU that is not in use yet, a seed could not be taken back
            torch.cuda.manual_seed_all(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
