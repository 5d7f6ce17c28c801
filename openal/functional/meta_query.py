"""MQ-Net (Park et al., NeurIPS 2022): a monotone network that weighs two scores by one another."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_tensor
from openal.errors import ArrayError
from openal.functional._rows import map_rows, row_sums

__all__ = ["MetaQuery", "fit_meta_query", "standardized"]

LARGEST_DEVIATION = 3.0  # without it one outlier becomes e^8, and all others look alike
BATCH_SIZE = 32
EPOCHS = 100
LEAST_STEPS = 100  # per epoch
LEARNING_RATE = 1e-3
DECAY = 0.1  # of the learning rate, for the second half of the epochs


def standardized(scores: Tensor) -> Tensor:
    """Positive scores of one scale: exp((s - mean) / std), cut off at 3 deviations (MQ-Net).

    The standard deviation is that of the population; where it is 0, all are 1.

    Args:
        scores: (N,).

    Returns:
        (N,) in [e^-3, e^3]; float64 for float64 scores, else float32.

    Raises:
        ArrayError: scores that are not (N,), or not finite; the message names the first bad row.

    Reference: Park, Shin, Bang, Lee, Song and Lee, "Meta-Query-Net: Resolving
    Purity-Informativeness Dilemma in Open-set Active Learning" (MQ-Net), NeurIPS 2022; the authors
    do not cut off.

    >>> standardized(torch.tensor([1.0, 3.0, 2.0]))
    tensor([0.2938, 3.4033, 1.0000])
    """
    scores = as_finite(scores, "scores", ndim=1)
    if len(scores) == 0:
        return scores
    # Equal scores have a mean that may differ from them by rounding: their spread is none.
    centered = scores.double() - scores.double().mean()
    std = centered.square().mean().sqrt() if bool((scores != scores[0]).any()) else 0.0
    z = centered / std if std > 0 else torch.zeros_like(centered)
    return z.clamp(-LARGEST_DEVIATION, LARGEST_DEVIATION).exp().to(scores)


@dataclass(frozen=True, eq=False)
class MetaQuery:
    """One score from two: sigmoid(x relu(W1) + b1) relu(W2) + b2, which rises with both.

    Rectified weights are never negative, so a candidate that is better in both is never ranked
    lower.

    Attributes:
        inner: (2, H), float64, W1.
        bias: (H,), b1.
        outer: (H,), W2.
        offset: a scalar, b2.

    Reference: Park, Shin, Bang, Lee, Song and Lee, "Meta-Query-Net", NeurIPS 2022: the skyline
    constraint.
    """

    inner: Tensor  # [2, H] float64, W1
    bias: Tensor  # [H], b1
    outer: Tensor  # [H], W2
    offset: Tensor  # [], b2

    def __call__(self, inputs: Tensor) -> Tensor:
        """The score of each row; equal rows get equal bits, whatever stands beside them.

        Args:
            inputs: (N, 2), two standardized scores.

        Returns:
            (N,), larger is better; float64 for float64 inputs, else float32.

        Raises:
            ArrayError: inputs that are not (N, 2), or not finite; the message names the first bad
                row.
        """
        inputs = as_tensor(inputs, "inputs")
        if inputs.ndim == 2 and inputs.shape[1] != 2:
            raise ArrayError(f"inputs must be (N, 2), got {tuple(inputs.shape)}.")
        return map_rows(self._score, inputs, "inputs", ndim=2)

    def _score(self, inputs: Tensor) -> Tensor:
        first, second = self.inner.relu()
        x = inputs.double()
        hidden = 1 / (1 + (-(x[:, :1] * first + x[:, 1:] * second + self.bias)).exp())
        return (row_sums(hidden * self.outer.relu()) + self.offset).to(inputs)


def fit_meta_query(
    inputs: Tensor, targets: Tensor, *, hidden: int = 64, generator: torch.Generator | None = None
) -> MetaQuery:
    """The monotone network that ranks inputs as their targets do, as well as it can (MQ-Net).

    The loss is a mean over pairs with different targets: max(0, 1 - s (output_i - output_j)), s the
    sign of target_i - target_j; the authors' code takes equal targets for "less". Parameters start
    uniform in [0, 1); where no two targets differ, they stay. Plain gradient descent: 100 epochs of
    at least 100 batches of 16 pairs, each epoch in a new order, at a rate of 1e-3, a tenth of that
    in the second half. Half a second for 500 rows; the offset never learns, because the loss does
    not see it.

    Args:
        inputs: (M, 2), two standardized scores of answered items.
        targets: (M,), larger for the items that should have been asked.
        hidden: how many hidden units, at least 1; 64 is the authors' code.
        generator: what parameters and orders are drawn from; None is torch's own.

    Returns:
        `MetaQuery`, float64, on the CPU.

    Raises:
        ArrayError: inputs and targets that are not (M, 2) and (M,), or not finite; the message
            names the argument and the first bad row.
        ArgumentError: a `hidden` that is no integer of at least 1.

    Reference: Park, Shin, Bang, Lee, Song and Lee, "Meta-Query-Net: Resolving
    Purity-Informativeness Dilemma in Open-set Active Learning" (MQ-Net), NeurIPS 2022.
    """
    hidden = as_count(hidden, "hidden", minimum=1)
    x = as_finite(inputs, "inputs", ndim=2).double().cpu()
    t = as_finite(targets, "targets", ndim=1).double().cpu()
    if x.shape != (len(t), 2):
        raise ArrayError(f"inputs must be ({len(t)}, 2) for the targets, got {tuple(x.shape)}.")
    start = _uniform(4 * hidden + 1, generator=generator)
    parts = start[:-1].reshape(4, hidden).copy()  # W1 in two rows, b1, W2
    if len(t.unique()) > 1:
        for rate, pairs, pull in _steps(x.numpy(), t.numpy(), generator):
            parts -= rate * _gradient(parts, pairs, pull)
    inner, bias, outer = (torch.from_numpy(part) for part in (parts[:2], parts[2], parts[3]))
    return MetaQuery(inner, bias, outer, torch.tensor(start[-1], device=inner.device))


def _steps(
    x: np.ndarray, t: np.ndarray, generator: torch.Generator | None
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Of each step: its rate, its inputs [B, 2], and the weight of its pairs [B / 2].

    A pair is row i and row i + B / 2; its weight has the sign of the difference of its targets.
    """
    steps = max(LEAST_STEPS, -(-len(t) // BATCH_SIZE))
    for epoch in range(EPOCHS):
        rate = LEARNING_RATE * (1.0 if epoch < EPOCHS // 2 else DECAY)
        rows = _shuffled(len(t), steps * BATCH_SIZE, generator).reshape(steps, BATCH_SIZE)
        sign = np.sign(t[rows[:, : BATCH_SIZE // 2]] - t[rows[:, BATCH_SIZE // 2 :]])
        pull = sign / np.maximum(1, np.abs(sign).sum(axis=1, keepdims=True))
        yield from zip(repeat(rate, steps), x[rows], pull, strict=True)


def _shuffled(size: int, count: int, generator: torch.Generator | None) -> np.ndarray:
    """`count` rows of 0..size-1: all of them in a random order, then all in another."""
    drawn = _uniform(-(-count // size), size, generator=generator)
    return drawn.argsort(axis=1, kind="stable").flatten()[:count]


def _uniform(*shape: int, generator: torch.Generator | None) -> np.ndarray:
    """Numbers in [0, 1), drawn on the CPU whatever the default device is."""
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")
    numbers: np.ndarray = drawn.numpy()
    return numbers


def _gradient(parts: np.ndarray, x: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """The gradient of the loss of one batch with respect to W1, b1 and W2: [4, H]."""
    rectified = np.maximum(parts, 0)
    hidden = 1 / (1 + np.exp(-(x @ rectified[:2] + parts[2])))  # [B, H]
    output = hidden @ rectified[3]
    half = len(pull)
    active = 1 - np.sign(pull) * (output[:half] - output[half:]) > 0
    slope = np.concatenate([-pull * active, pull * active])  # of the loss in each output
    inside = hidden * (1 - hidden) * rectified[3] * slope[:, None]
    gradient = np.vstack([x.T @ inside, inside.sum(axis=0), slope @ hidden])
    gradient[[0, 1, 3]] *= parts[[0, 1, 3]] > 0
    return gradient
