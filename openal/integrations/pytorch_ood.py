"""Purity from the out-of-distribution detectors of `pytorch-ood`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal._checks import as_count
from openal._threads import one_thread
from openal.errors import ArgumentError, ModelError
from openal.integrations._named import named
from openal.parts import signal
from openal.view import View

__all__ = ["PytorchOOD"]

ROWS = 256
"""How many rows a detector is given at once: always as many, since a product's last bits depend on
its shape, and equal rows must score the same wherever they stand."""

TOOL = "pytorch_ood.detector"


@dataclass(frozen=True)
class PytorchOOD:
    """What a detector of pytorch-ood finds least out-of-distribution: its score, turned around.

    What is named or made is fitted on the known answers of each query; for detectors of features
    labels are numbered anew so that every class occurs. Detectors that need the network's feature
    maps, several of its layers or gradients do not work on a signal, and are refused.

    Scores have the detector's own scale: hand on the best by `Top(score, factor=...)`, or give
    `Filter` a threshold that you know.

    Needs `pip install openal[ood]`.

    Attributes:
        detector: one of

            - the name of a class of `pytorch_ood.detector`, made without a network and with
              `options`: `PytorchOOD("KNN", {"k": 10}, "embeddings")`;
            - a function, or a class of your own, that makes a detector from `options`;
            - a detector as it is, fitted by you. It is compared by identity, and used by every
              query.
        options: the keyword arguments that the detector is made with.
        signal: the name of what is scored, [N, D]: `logits` for `EnergyBased`, `MaxLogit`,
            `KLMatching`, ...; `embeddings` or `features` for `KNN`, `Mahalanobis`, `RMD`, ...
        at_least: the number of known answers, at least 1, before which the order is random, and the
            query's diagnostics say so. `KNN` needs k; any needs one to be fitted.
    """

    role: ClassVar[str] = "purity"

    detector: Any
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    signal: str = signal("logits")
    at_least: int = 1

    def __post_init__(self) -> None:
        as_count(self.at_least, "at_least", minimum=1)
        if not (isinstance(self.detector, str) or callable(self.detector)):
            raise ArgumentError(
                f"detector must be a name, a function or a detector, got {self.detector!r}."
            )

    def __call__(self, view: View) -> Tensor:
        """Purity [n], larger = less out-of-distribution."""
        detector = self._made()
        if detector is not self.detector and detector.requires_fit:
            if len(view.known) < self.at_least:
                view.notes["pytorch_ood"] = f"random before {self.at_least} known answers"
                return view.random()
            self._fit(detector, view)
        return view.map(partial(_purity, predict=_method(detector, "predict")), self.signal)

    def _made(self) -> Any:
        if hasattr(self.detector, "predict") and not isinstance(self.detector, type):
            return self.detector
        by_name = isinstance(self.detector, str)
        make = partial(named(self.detector, TOOL), None) if by_name else self.detector
        try:
            return make(**self.options)
        except TypeError as error:
            raise ArgumentError(f"options do not make {self.detector!r}: {error}") from error

    def _fit(self, detector: Any, view: View) -> None:
        """Fits on the known answers."""
        values, labels = view.known[self.signal].float().cpu(), view.labels.cpu()
        if hasattr(detector, "fit_features"):
            labels = torch.unique(labels, return_inverse=True)[1]
        try:
            with one_thread():
                _method(detector, "fit")(values, labels)
        except Exception as error:
            raise ModelError(
                f"{type(detector).__name__} cannot be fitted on {len(values)} known answers: "
                f"{error}. With at_least= above that the order is random until there are more."
            ) from error


def _method(detector: Any, verb: str) -> Callable[..., Any]:
    """`predict_logits` or `predict_features` of a detector, or their `fit_`."""
    for kind in ("logits", "features"):
        method: Callable[..., Any] | None = getattr(detector, f"{verb}_{kind}", None)
        if method is not None:
            return method
    raise ArgumentError(
        f"{type(detector).__name__} scores neither logits nor features; it needs its network."
    )


def _purity(block: Tensor, *, predict: Callable[[Tensor], Tensor]) -> Tensor:
    """The detector's scores [n] of a block [n, D], turned around."""
    rows = block.detach().float()
    short = -len(rows) % ROWS
    padded = torch.cat([rows, rows[-1:].expand(short, -1)])
    with torch.no_grad(), one_thread():
        scores = [predict(part) for part in padded.split(ROWS)]
    return -torch.cat(scores).to(block.device)[: len(rows)]
