"""A row of the table: a function of ours, beside others that do the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Agreement", "Arrays", "Peer", "Row", "Size", "Unavailable", "Work"]

Size = dict[str, int]  # n, the size of the pool, and what else `make` takes
Arrays = dict[str, Any]  # what every implementation takes, by name


class Unavailable(Exception):
    """What cannot be run here, and why."""


class Agreement(NamedTuple):
    """Whether two results are the same, and by what measure."""

    same: bool
    how: str


class Work(NamedTuple):
    """The least that a plain algorithm must do: multiply and add, and read memory."""

    flops: float = 0.0
    bytes: float = 0.0


@dataclass(frozen=True)
class Peer:
    """Another implementation: `run(**arrays)`.

    It is skipped where the package `needs` is not installed. With `steps` it is timed for two small
    budgets, and its total is projected: it takes minutes. The arrays then hold a `budget`.
    """

    run: Callable[..., Any]
    needs: str = ""
    steps: tuple[int, int] | None = None


@dataclass(frozen=True)
class Row:
    """What is timed, on which arrays, beside whom, and when two results are the same.

    At the size `toy` all run in full and are compared; `quick` and `full` are timed. `real` is a
    size for which `make` also takes `vectors=clip_embeddings`.
    """

    name: str
    make: Callable[..., Arrays]  # make(**size)
    ours: Callable[..., Any]  # ours(**arrays)
    peers: dict[str, Peer]
    agree: Callable[..., Agreement]  # agree(result, result of a peer, **arrays)
    work: Callable[..., Work]  # work(**size)
    toy: Size
    quick: Size
    full: Size
    real: Size = field(default_factory=dict)
