"""Vectors of which only the direction matters."""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal.functional.rows import float_dtype, unit_rows
from openal.view import View, reads

__all__ = ["Directions", "directions_of"]


@dataclass(frozen=True)
class Directions:
    """Vectors: a signal's rows scaled to length one; a row of zeros stays as it is."""

    signal: str = reads("features")

    def __call__(self, view: View) -> Tensor:
        """The directions [n, D]: float32, float64 of such a signal."""
        return view.map(directions_of, self.signal)


def directions_of(rows: Tensor) -> Tensor:
    """The rows [n, D] scaled to length one: float32, float64 of such rows; equal rows stay so."""
    return torch.cat([unit_rows(block).to(float_dtype(rows)) for block in rows.split(4096)])
