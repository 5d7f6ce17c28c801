"""Randomness that is asked for by name, and never leaks."""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from openal._checks import as_count

__all__ = ["as_seed", "derived_seed", "drawn_seed", "isolated_rng"]


def as_seed(seed: int | torch.Generator | None) -> int:
    """An integer seed; None draws a fresh one, a generator is advanced by one draw."""
    if seed is None:
        return secrets.randbits(62)
    if isinstance(seed, torch.Generator):
        return int(torch.randint(2**62, (1,), generator=seed, device=seed.device))
    seed = as_count(seed, "seed")
    return seed if seed < 2**63 else derived_seed(seed)


def drawn_seed(generator: torch.Generator) -> int:
    """A seed below 2**31, as scikit-learn takes one; the generator is advanced by one draw."""
    return int(torch.randint(2**31, (), generator=generator, device=generator.device))


def derived_seed(seed: int, *keys: int) -> int:
    """A seed of its own for each tuple of keys, well mixed."""
    words = np.random.SeedSequence([seed, *keys]).generate_state(2, np.uint32)
    return int(words[0]) << 31 ^ int(words[1])


@contextmanager
def isolated_rng(seed: int) -> Iterator[None]:
    """Seeds the global generators of torch, NumPy and Python, and puts back what was there."""
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
