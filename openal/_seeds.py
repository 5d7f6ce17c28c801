"""Randomness that is asked for by name: no global generator is read, seeded or advanced."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from openal._checks import as_count
from openal.errors import ArgumentError

__all__ = ["Draws", "as_seed", "derived_seed", "drawing_from", "drawn_seed"]


def as_seed(seed: int | torch.Generator | None) -> int:
    """An integer seed; None draws a fresh one, a generator is advanced by one draw."""
    if seed is None:
        return secrets.randbits(62)
    if isinstance(seed, torch.Generator):
        return int(torch.randint(2**62, (1,), generator=seed, device=seed.device))
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        raise ArgumentError(f"seed must be an integer or a torch.Generator, got {seed!r:.60}.")
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
def drawing_from(seed: int) -> Iterator[None]:
    """Lets random operations that name no generator draw from one of this seed, in this thread.

    Such as the first weights of a network that a user's function makes. The global generators
    of torch are neither read nor written; those of NumPy and Python are not looked at.
    """
    with Draws(seed):
        yield


class Draws(TorchDispatchMode):
    """Gives torch's random operations a generator of ours where they name none.

    `drew` tells whether there were any: without, the next step of the same kind needs no help.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seed, self.passed, self.drew = seed, False, False
        self.generators: dict[torch.device, torch.Generator] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """The operation, with a generator where it draws."""
        kwargs = dict(kwargs or {})
        if not _draws(func, args, kwargs) or kwargs.get("generator"):
            return func(*args, **kwargs)
        self.drew = True
        generator = self._generator(args, kwargs)
        drawn = REWRITTEN.get(str(func))
        if drawn is not None:
            return drawn(generator, *args, **kwargs)
        if not _takes_generator(func):
            overload = "generator" if func._overloadname == "default" else "low_generator"
            other = getattr(func._overloadpacket, overload, None)
            if other is None:  # a fused kernel that knows the global generator only
                return func(*args, **kwargs)
            func = other
        return func(*args, **{**kwargs, "generator": generator})

    def _generator(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Generator:
        """The one of the device on which the operation draws."""
        tensors = (each.device for each in args if isinstance(each, Tensor))
        device = next(tensors, torch.device(kwargs.get("device") or "cpu"))
        if device.type == "meta":  # nothing is drawn there
            device = torch.device("cpu")
        if device not in self.generators:
            self.generators[device] = torch.Generator(device).manual_seed(self.seed)
        return self.generators[device]


def _draws(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation draws random numbers; attention that drops nothing does not."""
    if torch.Tag.nondeterministic_seeded not in func.tags:
        return False
    for at, argument in enumerate(func._schema.arguments):
        if argument.name == "dropout_p":
            share = kwargs.get("dropout_p", argument.default_value)
            return bool(args[at] if at < len(args) else share)
    return True


def _takes_generator(func: Any) -> bool:
    return any(argument.name == "generator" for argument in func._schema.arguments)


def _dropout(
    generator: torch.Generator, x: Tensor, p: float, train: bool | None
) -> tuple[Tensor, Tensor]:
    if train is False:
        return x, torch.ones_like(x, dtype=torch.bool)
    keep = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    return x * keep / max(1 - p, torch.finfo(torch.float32).tiny), keep.bool()


def _normal_like(generator: torch.Generator, x: Tensor, **options: Any) -> Tensor:
    return torch.empty_like(x, **options).normal_(generator=generator)


def _uniform_like(generator: torch.Generator, x: Tensor, **options: Any) -> Tensor:
    return torch.empty_like(x, **options).uniform_(generator=generator)


def _integers_like(generator: torch.Generator, x: Tensor, *limits: int, **options: Any) -> Tensor:
    low, high = limits if len(limits) == 2 else (0, limits[0])
    return torch.empty_like(x, **options).random_(low, high, generator=generator)


REWRITTEN: dict[str, Callable[..., Any]] = {
    "aten.native_dropout.default": _dropout,
    "aten.randn_like.default": _normal_like,
    "aten.rand_like.default": _uniform_like,
    "aten.randint_like.default": _integers_like,
    "aten.randint_like.low_dtype": _integers_like,
}
"""Operations that take no generator, out of others that do."""
