"""AlphaMix (Parvaneh et al., CVPR 2022): the least mixing of features that changes a prediction."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from openal._checks import as_finite, as_number
from openal.errors import ArrayError
from openal.functional._labels import as_labels
from openal.functional._rows import row_lengths

__all__ = ["LinearHead", "class_anchors", "flip_sizes", "linear_head", "loss_directions"]

GRID = 2.0**-30  # sizes are multiples of this, so that rounding errors decide nothing
NEGLIGIBLE = 1e-9  # a change of a logit this small, against the weights, is a rounding error


def class_anchors(features: Tensor, labels: Tensor) -> Tensor:
    """The mean features of each class that has a label, by class (AlphaMix).

    A class without a label has no anchor.

    Args:
        features: (m, d), of labeled items.
        labels: (m,), integers.

    Returns:
        (A, d), float64.

    Raises:
        ArrayError: features that are not (m, d), or not finite; labels that are not one for each
            row; the message names the argument and the first bad row.

    Reference: Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi, "Active Learning by
    Feature Mixing" (AlphaMix), CVPR 2022, section 3.

    >>> class_anchors(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([3, 3, 0]))
    tensor([[5.],
            [1.]], dtype=torch.float64)
    """
    features = as_finite(features, "features", ndim=2).double()
    labels = as_labels(labels, "labels", features)
    classes, group, sizes = labels.unique(return_inverse=True, return_counts=True)
    sums = features.new_zeros(len(classes), features.shape[1]).index_add_(0, group, features)
    means: Tensor = sums / sizes[:, None]
    return means


def loss_directions(logits: Tensor, weight: Tensor) -> Tensor:
    """Where the cross-entropy of the predicted class grows fastest, as unit vectors (AlphaMix).

    The gradient with regard to the features is W^T (p - onehot); its length, which vanishes for
    sure predictions, cancels here, so that the direction is exact for them too. Where no feature
    changes the loss it is zero.

    Args:
        logits: (n, K), raw, of a linear head.
        weight: (K, d), of that head.

    Returns:
        (n, d), float64.

    Raises:
        RuntimeError: shapes that do not fit each other; from torch, for `flip_sizes` has checked
            them.

    Reference: Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi, "Active Learning by
    Feature Mixing" (AlphaMix), CVPR 2022, eq. 5-7.

    >>> loss_directions(torch.tensor([[2.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([[-0.6000,  0.8000]], dtype=torch.float64)
    """
    logits, weight = logits.double(), weight.double()
    best = logits.argmax(dim=1, keepdim=True)
    if logits.shape[1] == 1:
        return logits.new_zeros(len(logits), weight.shape[1])
    # p - onehot is (1 - p_best) times this: the others' share of what is left, and -1.
    others = logits.scatter(1, best, -torch.inf).softmax(dim=1).scatter(1, best, -1.0)
    gradient = others @ weight
    length = row_lengths(gradient)[:, None]
    negligible = length <= NEGLIGIBLE * row_lengths(weight).amax()
    return torch.where(negligible, 0.0, gradient / length)


def flip_sizes(features: Tensor, logits: Tensor, weight: Tensor, anchors: Tensor) -> Tensor:
    """The least size of an interpolation that changes the prediction, over all anchors (AlphaMix).

    With z = anchor - features and the gradient g of the loss, the interpolation of size e is

        (1 - alpha) features + alpha anchor,    alpha = e / sqrt(d) |z| / |g| (g / z),

    in each feature where z is not 0: a step of length at most e |z| / sqrt(d) along g. It moves the
    logits evenly, so the size at which another class wins is a quotient; a larger size never
    changes the prediction back. A tie counts as changed. Sizes are rounded to 30 bits.

    Args:
        features: (n, d).
        logits: (n, K), raw, of these features.
        weight: (K, d), of the linear head.
        anchors: (A, d), those of the classes.

    Returns:
        (n,), float64, infinite where no interpolation changes the prediction.

    Raises:
        ArrayError: arrays of other shapes, or not finite; the message names the argument and the
            first bad row.

    Reference: Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi, "Active Learning by
    Feature Mixing" (AlphaMix), CVPR 2022, eq. 5-7. The authors add 1e-8 to z and step through
    sizes.

    >>> weight = torch.eye(2)
    >>> features = torch.tensor([[2.0, 1.0]])
    >>> flip_sizes(features, features @ weight.T, weight, torch.tensor([[2.1, 3.0]]))
    tensor([0.4994], dtype=torch.float64)
    """
    x, logits = (as_finite(features, "features", ndim=2), as_finite(logits, "logits", ndim=2))
    weight, anchors = (as_finite(weight, "weight", ndim=2), as_finite(anchors, "anchors", ndim=2))
    _require_shapes(x, logits, weight, anchors)
    x, logits, weight = x.double(), logits.double(), weight.double()
    direction = loss_directions(logits, weight)
    best = logits.argmax(dim=1, keepdim=True)
    gaps = logits.gather(1, best) - logits
    least = NEGLIGIBLE * row_lengths(weight).amax()
    gains = _gains(direction, weight, best)
    sizes = x.new_full((len(x),), torch.inf)
    for anchor in anchors.double():
        z, gain = anchor - x, gains
        rows = ((z == 0) & (direction != 0)).any(dim=1).nonzero()[:, 0]
        if len(rows):  # a feature that the anchor shares stays where it is
            moved = direction[rows] * (z[rows] != 0)
            gain = gains.index_put((rows,), _gains(moved, weight, best[rows]))
        needed = torch.where(gain > least, gaps / gain, torch.inf).amin(dim=1)
        sizes = torch.minimum(sizes, needed * math.sqrt(x.shape[1]) / row_lengths(z))
    return (sizes / GRID).round() * GRID


def _require_shapes(x: Tensor, logits: Tensor, weight: Tensor, anchors: Tensor) -> None:
    if x.shape[1:] != anchors.shape[1:] or weight.shape != (*logits.shape[1:], *x.shape[1:]):
        shapes = ", ".join(str(tuple(array.shape)) for array in (x, logits, weight, anchors))
        raise ArrayError(
            f"features, logits, weight and anchors must be (n, d), (n, K), (K, d) and (A, d), "
            f"got {shapes}."
        )
    if len(x) != len(logits) or 0 in weight.shape:
        raise ArrayError(
            f"features and logits must be as many, with columns, got {tuple(x.shape)} and "
            f"{tuple(logits.shape)}."
        )


def _gains(direction: Tensor, weight: Tensor, best: Tensor) -> Tensor:
    """What each class gains on the predicted one [n, K] by a step along the direction."""
    change = direction @ weight.T
    return change - change.gather(1, best)


class LinearHead(NamedTuple):
    """A linear layer, `features @ weight.T + bias`, and how well it explains the logits.

    Attributes:
        weight: (K, d), float64.
        bias: (K,), float64.
        explained: the share of the logits' variance, at most 1.
    """

    weight: Tensor  # [K, d] float64
    bias: Tensor  # [K] float64
    explained: float


def linear_head(features: Tensor, logits: Tensor, *, ridge: float = 1e-10) -> LinearHead:
    """The layer with the least squared error from features to logits.

    Exact, up to the precision of the inputs, where logits are linear in the features and there are
    more rows than features; where these span fewer directions, the least weight of all that fit.
    Features that do not vary have weight 0; logits that do not vary are explained in full.

    Args:
        features: (m, d), m > 0.
        logits: (m, K), raw, of these features.
        ridge: the penalty on the weight, at least 0, relative to the mean variance of a feature;
            1e-10 only keeps the equations solvable.

    Returns:
        `LinearHead`: `weight` (K, d) and `bias` (K,), float64, and `explained`, a float: the share
        of the logits' variance.

    Raises:
        ArrayError: features and logits that are not (m, d) and (m, K) with m > 0, or not finite;
            the message names the argument and the first bad row.
        ArgumentError: a `ridge` that is no finite number of at least 0.

    Reference: Hoerl and Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
    Technometrics, 1970. AlphaMix reads the weight from the network; that it is fitted where only
    arrays are there is ours.

    >>> head = linear_head(torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[1.0], [3.0], [5.0]]))
    >>> [round(value, 4) for value in (head.weight.item(), head.bias.item(), head.explained)]
    [2.0, 1.0, 1.0]
    """
    ridge = as_number(ridge, "ridge", minimum=0)
    x, y = as_finite(features, "features", ndim=2), as_finite(logits, "logits", ndim=2)
    if len(x) != len(y) or len(x) == 0:
        raise ArrayError(f"features and logits must be as many, and some: {len(x)} and {len(y)}.")
    x, y = x.double().contiguous(), y.double().contiguous()  # the same bits from any layout
    center, level = x.mean(dim=0), y.mean(dim=0)
    x, y = x - center, y - level
    gram = x.T @ x
    least = torch.finfo(gram.dtype).tiny
    gram.diagonal().add_((ridge * gram.diagonal().mean()).clamp_min(least))
    weight = torch.linalg.solve(gram, x.T @ y).T.contiguous()
    missed = (y - x @ weight.T).square().sum() / y.square().sum().clamp_min(least)
    return LinearHead(weight, level - weight @ center, 1 - float(missed))
