"""A score from any function of a block of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from openal._checks import as_tensor
from openal.errors import ArgumentError, ScoreError
from openal.parts import signal
from openal.view import View

__all__ = ["RowScore"]


@dataclass(frozen=True)
class RowScore:
    """What a function says of each row of a signal, larger = query me; `sign=-1` turns it around.

    Methods of scikit-learn and of PyOD take tensors on the CPU as they are:
    `RowScore(forest.score_samples, role="purity")`. So that the score runs in other processes the
    function must pickle: one at the top of a module, a `functools.partial` of one, or the method of
    an object that pickles.

    Attributes:
        function: takes a block [n, ...] of the signal, a tensor (half precision as float32), and
            returns n numbers, as a tensor or an array. It sees one block at a time and must treat
            each row alone.
        signal: the name of the signal [N, ...] that it reads.
        role: under which name the query shows the score: "purity" or "informativeness".
        sign: 1, or -1 where smaller numbers are to be queried.

    >>> RowScore(torch.Tensor.sum, "logits", sign=-1).signal
    'logits'
    """

    function: Callable[[Tensor], Any]
    signal: str = signal("embeddings")
    role: Literal["purity", "informativeness"] = "informativeness"
    sign: Literal[1, -1] = 1

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ArgumentError(f"function must be a function of rows, got {self.function!r}.")
        if self.role not in ("purity", "informativeness"):
            raise ArgumentError(f"role must be 'purity' or 'informativeness', got {self.role!r}.")
        if self.sign not in (1, -1):
            raise ArgumentError(f"sign must be 1 or -1, got {self.sign!r}.")

    def __call__(self, view: View) -> Tensor:
        """The scores [n], float32 or float64 as the function gives them."""
        return self.sign * view.map(partial(_applied, function=self.function), self.signal)


def _applied(block: Tensor, *, function: Callable[[Tensor], Any]) -> Tensor:
    """The function's numbers [n] of a block [n, ...], on the block's device."""
    with torch.no_grad():
        numbers = function(block if block.dtype == torch.float64 else block.float())
    result = as_tensor(numbers, "the function's result").to(block.device)
    if result.shape != (len(block),):
        raise ScoreError(
            f"{function!r} must return one number per row, [{len(block)}], "
            f"got {list(result.shape)}."
        )
    return result if result.is_floating_point() else result.double()
