"""The interpolation of AlphaMix, against its formulas and autograd, size by size."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from openal.errors import ArrayError
from openal.functional.feature_mix import class_anchors, flip_sizes, loss_directions
from tests.walking import walked

SIZES = torch.arange(1, 400).double() / 200


def made(seed: int, relu: bool, k: int = 4) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features, weight, bias and anchors in float64."""
    generator = torch.Generator().manual_seed(seed)
    x, anchors = (torch.randn(n, 6, generator=generator).double() for n in (40, 3))
    if relu:
        x, anchors = x.relu(), anchors.relu()
    weight, bias = (torch.randn(k, *d, generator=generator).double() for d in ((6,), ()))
    return x, weight, bias, anchors


def gradient(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Of the cross-entropy of the predicted class, with regard to the features."""
    x = x.clone().requires_grad_()
    logits = x @ weight.T + bias
    cross_entropy(logits, logits.argmax(dim=1), reduction="sum").backward()
    assert x.grad is not None
    return x.grad


def searched(x: Tensor, weight: Tensor, bias: Tensor, anchors: Tensor) -> Tensor:
    """The first of SIZES at which some mixture has another prediction, or infinity."""
    g, before = gradient(x, weight, bias), (x @ weight.T + bias).argmax(dim=1)
    found = torch.full((len(x),), math.inf, dtype=torch.float64)
    for size in SIZES.flip(0):
        for anchor in anchors:
            z = anchor - x
            alpha = size / math.sqrt(x.shape[1]) * z.norm(dim=1, keepdim=True)
            alpha = alpha / g.norm(dim=1, keepdim=True) * g / z
            alpha[z == 0] = 0
            mixed = (1 - alpha) * x + alpha * anchor
            changed = (mixed @ weight.T + bias).argmax(dim=1) != before
            found[changed] = size
    return found


oracle_of_flip_sizes = searched


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_prediction_changes_where_the_search_finds_it(seed: int, relu: bool, k: int) -> None:
    x, weight, bias, anchors = made(seed, relu, k)
    sizes = flip_sizes(x, x @ weight.T + bias, weight, anchors)
    expected = searched(x, weight, bias, anchors)
    first = torch.searchsorted(SIZES, sizes - 1e-8)
    padded = torch.cat([SIZES, torch.tensor([math.inf])])
    assert torch.equal(padded[first], expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_direction_is_that_of_autograd(seed: int) -> None:
    x, weight, bias, _ = made(seed, relu=False)
    g = gradient(x, weight, bias)
    expected = g / g.norm(dim=1, keepdim=True)
    assert torch.allclose(loss_directions(x @ weight.T + bias, weight), expected, atol=1e-9)


def test_a_sure_prediction_has_a_direction_too() -> None:
    weight = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    for surest in (2.0, 200.0, 1e5):
        found = loss_directions(torch.tensor([[surest, 0.0]]), weight)
        assert found[0].tolist() == pytest.approx([-0.6, 0.8])


def test_nothing_to_gain_has_no_direction_and_never_changes() -> None:
    x, weight, bias, anchors = made(0, relu=False)
    for useless in (torch.zeros(4, 6), torch.ones(4, 6), weight[:1]):
        logits = x @ useless.double().T + bias[: len(useless)]
        assert (loss_directions(logits, useless) == 0).all()
        assert flip_sizes(x, logits, useless, anchors).tolist() == [math.inf] * 40


def test_no_anchor_and_an_anchor_at_the_item_change_nothing() -> None:
    x, weight, bias, _ = made(0, relu=False)
    logits = x @ weight.T + bias
    assert flip_sizes(x, logits, weight, x[:0]).tolist() == [math.inf] * 40
    assert flip_sizes(x[:1], logits[:1], weight, x[:1]).tolist() == [math.inf]


def test_a_tie_changes_at_once() -> None:
    weight, x = torch.eye(2), torch.tensor([[1.0, 1.0]])
    assert flip_sizes(x, x, weight, torch.tensor([[5.0, 4.0]])).tolist() == [0]


def test_a_rounding_error_changes_nothing() -> None:
    rows = [[1.0, 0.0], [1 + 1e-15, 0.0], [2.0, 2.0]]
    weight = torch.tensor(rows, dtype=torch.float64)
    logits = torch.tensor([[1.0, 1.0, 0.0]])
    size = flip_sizes(torch.zeros(1, 2), logits, weight, torch.tensor([[1.0, 1.0]]))
    assert size.item() == pytest.approx(1 / 5**0.5)


def test_copies_and_blocks_have_equal_sizes() -> None:
    x, weight, bias, anchors = made(1, relu=True)
    logits = x @ weight.T + bias
    whole = flip_sizes(x.repeat(2, 1), logits.repeat(2, 1), weight, anchors)
    one = torch.cat([flip_sizes(x[[i]], logits[[i]], weight, anchors) for i in range(40)])
    assert torch.equal(whole, one.repeat(2))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_an_anchor_that_shares_the_only_feature_that_counts_changes_nothing(sign: float) -> None:
    weight = torch.tensor([[-sign, 0.0], [sign, 0.0]])
    x = torch.tensor([[-sign, 3.0]])
    found = [flip_sizes(x, x @ weight.T, weight, x + torch.tensor([[a, 5.0]])) for a in (0.0, 1.0)]
    assert found[0].tolist() == [math.inf]
    assert found[1].isfinite().all()


def test_sizes_have_thirty_bits() -> None:
    x, weight, bias, anchors = made(2, relu=False)
    sizes = flip_sizes(x, x @ weight.T + bias, weight, anchors)
    finite = 2.0**30 * sizes[sizes.isfinite()]
    assert len(finite) > 9 and torch.equal(finite, finite.round())


def test_anchors_are_the_means_of_the_classes_that_are_there() -> None:
    features = torch.tensor([[1.0, 0.0], [3.0, 4.0], [0.0, 9.0]])
    found = class_anchors(features, torch.tensor([5, 5, 2]))
    assert found.tolist() == [[0, 9], [2, 2]]
    assert class_anchors(features[:0], torch.zeros(0, dtype=torch.int64)).shape == (0, 2)


def test_bad_features_are_refused() -> None:
    features = torch.tensor([[0.0, 1.0], [torch.nan, 0.0]])
    with pytest.raises(ArrayError, match="features must be finite; row 1"):
        flip_sizes(features, torch.zeros(2, 2), torch.eye(2), torch.ones(1, 2))
