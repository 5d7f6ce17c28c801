"""Whether a network learned, and how the inputs that it learns from are scaled."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from openal._evaluation import evaluating_own
from openal.errors import ModelError
from openal.learners.networks import Standardize
from openal.model import named_outputs

__all__ = [
    "WITHOUT",
    "Failure",
    "Scale",
    "Standardized",
    "dead",
    "diverged",
    "scale_of",
    "tell",
    "without_opinion",
]

LARGEST_SIZE = 10.0
"""The root mean square up to which inputs count as scaled."""

ROWS = 256
"""So many training items tell whether the outputs are constant."""


LARGEST_LOGIT = 1e6
"""Beyond it a softmax knows nothing but 0 and 1, and training has no way back."""

MOST_ALIKE = 0.8
"""The share of items that may have one output: those of one class can be gathered in a point."""


@dataclass(frozen=True)
class Failure:
    """Why a network cannot be used, or is of no use."""

    reason: str
    fatal: bool  # its outputs are NaN or infinite


class Scale(NamedTuple):
    """What is subtracted from inputs, and what they are then divided by."""

    shift: Tensor
    scale: Tensor


WITHOUT = Scale(torch.zeros(1, device="cpu"), torch.ones(1, device="cpu"))
"""Of no items: they are only made floats of."""


class Standardized(nn.Module):
    """A network behind the standardization of its inputs."""

    def __init__(self, network: nn.Module, scale: Scale) -> None:
        super().__init__()
        self.standardize = Standardize.of(*scale)
        self.network = network

    def forward(self, x: Tensor) -> Any:
        """What the network makes of the standardized inputs."""
        return self.network(self.standardize(x))


def scale_of(inputs: Tensor) -> Scale | None:
    """The mean and deviation of inputs [m, ...] that are integers or far from unit size, or None.

    Of images [m, C, H, W] for each channel, of other inputs over all their numbers.
    """
    values = inputs.float()
    size = values.square().mean().sqrt()
    if not size.isfinite() or (inputs.is_floating_point() and float(size) <= LARGEST_SIZE):
        return None
    over = (0, 2, 3) if values.ndim == 4 else tuple(range(values.ndim))
    center = values.mean(dim=over, keepdim=True)[0]
    deviation = (values - center).square().mean(dim=over, keepdim=True)[0].sqrt()
    return Scale(center, torch.where(deviation > 1e-6 * size, deviation, 1.0))


def tell(failure: Failure | None) -> None:
    """An error where the outputs are not finite, a warning where they say nothing."""
    if failure is None:
        return
    if failure.fatal:
        raise ModelError(failure.reason)
    warnings.warn(failure.reason, stacklevel=3)


def diverged(epoch: int, inputs: Tensor, lr: float) -> Failure:
    """The loss, or a weight, became NaN or infinite in an epoch."""
    return Failure(
        f"the network did not learn: its loss is not finite in epoch {epoch}. {_cause(inputs, lr)}",
        fatal=True,
    )


@torch.no_grad()
def dead(network: nn.Module, inputs: Tensor, lr: float) -> Failure | None:
    """Why a trained network says nothing: NaN, huge outputs, or one for nearly all items."""
    rows = inputs[:ROWS]
    device = next((each.device for each in network.parameters()), rows.device)
    with evaluating_own(network):
        outputs = _logits(network(rows.to(device))).float()
    if not outputs.isfinite().all():
        return _not_learned("it gives NaN or infinity.", inputs, lr, fatal=True)
    if outputs.abs().amax() > LARGEST_LOGIT:
        return _not_learned(f"its outputs grew beyond {LARGEST_LOGIT:.0e}.", inputs, lr)
    same = _largest_group(_rounded(outputs.cpu()))
    alike = len(rows) > 2 and same > MOST_ALIKE * len(rows)
    if not alike or _largest_group(rows.flatten(1).cpu()) > same / 2:
        return None
    return _not_learned(
        f"it gives one and the same output for {same} of {len(rows)} of the items that it was "
        f"trained on, and ranks the pool by little else than its order.",
        inputs,
        lr,
    )


def _not_learned(what: str, inputs: Tensor, lr: float, *, fatal: bool = False) -> Failure:
    return Failure(f"the network did not learn: {what} {_cause(inputs, lr)}", fatal=fatal)


def _logits(output: Any) -> Tensor:
    found = output if hasattr(output, "head_logits") else named_outputs(output)
    logits: Tensor = found["logits"] if isinstance(found, dict) else found.logits
    return logits


def _rounded(outputs: Tensor) -> Tensor:
    return (outputs / outputs.abs().amax().clamp_min(1e-30) * 1e5).round()


def _largest_group(rows: Tensor) -> int:
    """How many of the rows are equal to each other."""
    return int(rows.unique(dim=0, return_counts=True)[1].amax())


def _cause(inputs: Tensor, lr: float) -> str:
    values = inputs[:ROWS].float()
    low, high = float(values.min()), float(values.max())
    if not values.isfinite().all():
        return "Its inputs hold NaN or infinity."
    if scale_of(inputs[:ROWS]) is not None:
        return (
            f"Its inputs lie in {low:g}..{high:g}: scale the items to a mean near 0 and a "
            f"deviation near 1, or let the network do so."
        )
    return f"Its inputs lie in {low:g}..{high:g}, which is in order: try a smaller lr than {lr:g}."


def without_opinion(signals: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a network that no answer has taught says: the same of all; its features are as they are.

    Its first weights would rank the items along a random direction: not at random, but alike ones
    together.
    """
    return {
        name: values if name.endswith("features") else torch.zeros_like(values)
        for name, values in signals.items()
    }
