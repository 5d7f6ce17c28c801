"""KernelShare: the share of known answers around a candidate, as a calibrated probability."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_number
from openal.functional._kernel_sums import kernel_sums, share_of_sums
from openal.functional._rows import directions_of
from openal.functional.kernel_share import Kernel, fit_kernel
from openal.parts import Part, Role, signal
from openal.view import Rows, View

__all__ = ["KernelShare"]


@dataclass(frozen=True)
class KernelShare(Part):
    """The probability of a known class, from the answers around a candidate.

    An answer counts exp((cos - 1) / width), the cosine between embeddings less their mean. Where no
    answer reaches, the probability is the share of known classes where answers do; one half before
    the first UNKNOWN. Width and prior weight are fitted to the answers, each predicted by the
    others, so that the number means what it says; the diagnostics tell them.

    Args:
        width: how far an answer reaches, above 0; None: fitted.
        prior_weight: what the prior counts, in answers at the very place, above 0; None: fitted.
        centered: whether the mean over all candidates and answers is taken away first.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: a `width` or a `prior_weight` that is not above 0.

    Reference: ours; `openal.functional.kernel_share` has the equations.
    """

    cites = ("openal",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    width: float | None = None
    _: KW_ONLY
    prior_weight: float | None = None
    centered: bool = True
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("width", "prior_weight"):
            if getattr(self, name) is not None:
                as_number(getattr(self, name), name, above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1], float32."""
        return view.once(self, self._share)

    def _share(self, view: View) -> Tensor:
        center = view.mean(self.embeddings) if self.centered else None
        answered, is_known = _answered(view)
        units = directions_of(answered[self.embeddings].double(), center)
        is_known = is_known.to(units.device)
        kernel = self._kernel(units, is_known)
        sums = view.map(
            partial(_sums, center=center, answered=units, is_known=is_known, width=kernel.width),
            self.embeddings,
        )
        share, prior = share_of_sums(sums, is_known, kernel.prior_weight)
        view.notes.update(kernel._asdict(), known_where_answered=prior)
        # Rounded to single precision: the last bits of a product depend on the size of its block.
        return share.float()

    def _kernel(self, units: Tensor, is_known: Tensor) -> Kernel:
        if self.width is not None and self.prior_weight is not None:
            return Kernel(self.width, self.prior_weight)
        fitted = fit_kernel(units, is_known)
        return Kernel(self.width or fitted.width, self.prior_weight or fitted.prior_weight)


def _answered(view: View) -> tuple[Rows, Tensor]:
    """The answered items by index, which of them are of a known class, bool [m]."""
    indices = np.concatenate([view.known.indices, view.invalid.indices])
    order = indices.argsort()
    return Rows(indices[order], view.pool.signals), torch.from_numpy(order < len(view.known))


def _sums(
    rows: Tensor, center: Tensor | None, answered: Tensor, is_known: Tensor, width: float
) -> Tensor:
    return kernel_sums(rows, answered, is_known, width, center)
