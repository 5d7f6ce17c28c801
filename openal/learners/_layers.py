"""A linear layer, or a hidden one before it, fitted to labeled vectors in a moment."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import linear

from openal._checks import as_count, as_number
from openal._contexts import own_contexts
from openal._threads import threads_for

__all__ = ["LayerSettings", "Layers", "fit_layers", "minimize", "standardization"]


@dataclass(frozen=True)
class LayerSettings:
    """How many hidden units (None: a linear layer), and how they are fitted."""

    hidden: int | None
    weight_decay: float
    steps: int

    def __post_init__(self) -> None:
        if self.hidden is not None:
            as_count(self.hidden, "hidden", minimum=1)
        as_number(self.weight_decay, "weight_decay", minimum=0)
        as_count(self.steps, "steps", minimum=1)


@dataclass(frozen=True, eq=False)
class Layers:
    """Weights and biases, and the shift and scale that come before them."""

    center: Tensor  # [D]
    scale: Tensor  # []
    weights: tuple[Tensor, ...]  # [C, D + 1], or [H, D + 1] and [C, H + 1]: the bias is last

    def __call__(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, C] and features [n, D or H] of embeddings [n, D]."""
        return _forward(self.weights, (embeddings.to(self.center) - self.center) / self.scale)


@own_contexts()
def fit_layers(
    embeddings: Tensor,
    labels: Tensor,
    num_outputs: int,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    settings: LayerSettings,
    seed: int = 0,
) -> Layers:
    """Layers that make `loss(logits, labels)` + weight_decay / 2 |weights|^2 small.

    `embeddings` [m, D] are centered and divided by one number, so that their mean square is 1:
    their scale does not matter, and a feature that is nearly constant in a few answers is not
    blown up. L-BFGS sees all of them at once, in double precision; without a hidden layer the
    problem is convex, and has one solution for all seeds. Biases decay too, so that a class
    without answers stays finite. Without answers the layers are the initial ones.
    """
    center, scale = standardization(embeddings)
    x = (embeddings - center) / scale
    initial = _initial(embeddings.shape[1], settings.hidden, num_outputs, seed)
    # From 0 a linear layer learns exactly nothing where there is nothing to learn.
    start = 0.0 if settings.hidden is None and len(labels) else 1.0
    weights = tuple((start * each).to(x).requires_grad_() for each in initial)
    if len(labels):
        with threads_for(len(labels) * sum(each.numel() for each in weights)):
            minimize(lambda: loss(_forward(weights, x)[0], labels), weights, settings)
    return Layers(center, scale, tuple(each.detach() for each in weights))


def minimize(
    loss: Callable[[], Tensor], weights: tuple[Tensor, ...], settings: LayerSettings
) -> None:
    """Changes the weights in place, to a minimum of the loss and half their decay."""
    optimizer = torch.optim.LBFGS(
        weights, max_iter=settings.steps, tolerance_change=1e-8, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value = value + settings.weight_decay / 2 * sum(each.square().sum() for each in weights)
        value.backward()
        return value.item()

    optimizer.step(closure)


def standardization(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """The mean [D] and the root mean square deviation []; where all are equal, their size."""
    if len(embeddings) == 0:
        return embeddings.new_zeros(embeddings.shape[1]), embeddings.new_ones(())
    center = embeddings.mean(dim=0)
    size = embeddings.square().mean().sqrt()
    deviation = (embeddings - center).square().mean().sqrt()
    scale = torch.where(deviation > 1e-6 * size, deviation, size)
    return center, torch.where(scale > 0, scale, 1.0)


def _initial(width: int, hidden: int | None, num_outputs: int, seed: int) -> list[Tensor]:
    """He-initialized weights with zero biases, float64 on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [width, num_outputs] if hidden is None else [width, hidden, num_outputs]
    weights = []
    for inputs, outputs in pairwise(sizes):
        shape = outputs, inputs + 1
        weight = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
        weight *= (2 / max(1, inputs)) ** 0.5
        weight[:, -1] = 0
        weights.append(weight)
    return weights


def _forward(weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, Tensor]:
    for weight in weights[:-1]:
        x = linear(x, weight[:, :-1], weight[:, -1]).relu()
    return linear(x, weights[-1][:, :-1], weights[-1][:, -1]), x
