"""Copies of labeled embeddings: near their class, new, and always possible."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.learners._generator import (
    ConditionalAutoencoder,
    GeneratorSettings,
    generated,
)
from tests.walking import walked

K, D = 3, 6
LABELS = torch.arange(45) % K
MEANS = 4 * torch.eye(K, D)


def planted(seed: int = 0, spread: float = 0.3) -> Tensor:
    noise = torch.randn(45, D, generator=torch.Generator().manual_seed(seed))
    return MEANS[LABELS] + spread * noise


def nearest_mean(rows: Tensor) -> Tensor:
    return torch.cdist(rows, MEANS).argmin(dim=1)


def network(x: Tensor, seed: int = 0) -> ConditionalAutoencoder:
    torch.manual_seed(seed)
    found = ConditionalAutoencoder(x, K, GeneratorSettings(1, 4, 16, 1.0, 1)).double()
    torch.nn.init.normal_(found.decoder[-1].weight)  # as if trained
    return found


@pytest.mark.long
@pytest.mark.parametrize("copies", [1, 3])
def test_copies_are_nearest_to_the_mean_of_their_class(copies: int) -> None:
    rows, labels = generated(planted(), LABELS, copies=copies)
    assert rows.shape == (45 * copies, D)
    assert labels.equal(LABELS.repeat(copies))
    assert nearest_mean(rows).equal(labels)
    assert torch.cdist(rows, planted()).min() > 1e-3  # new ones


@pytest.mark.long
def test_copies_keep_the_mean_of_their_class() -> None:
    x, (rows, _) = planted(), generated(planted(), LABELS, copies=3)
    for c in range(K):
        mean = x[c == LABELS].mean(dim=0)
        assert (rows[LABELS.repeat(3) == c].mean(dim=0) - mean).norm() < 0.2


def test_identical_rows_of_several_classes() -> None:
    rows, labels = generated(torch.ones(45, D), LABELS + 5, generator_steps=20)
    assert rows.isfinite().all()
    assert labels.equal(LABELS + 5)


@pytest.mark.long
def test_further_copies_are_others() -> None:
    rows, _ = generated(planted(spread=1.0), LABELS, copies=2)
    assert (rows[:45] - rows[45:]).norm(dim=1).min() > 1e-3


@pytest.mark.long
def test_copies_vary_with_what_they_copy() -> None:
    x = planted()
    x[:, 5] += 8 * (torch.arange(45) // K % 2)  # a direction that no label tells of
    rows, _ = generated(x, LABELS)
    assert torch.corrcoef(torch.stack([x[:, 5], rows[:, 5]]))[0, 1] > 0.7


def test_the_decoder_reads_the_class() -> None:
    x = planted().double()
    found, noise = network(x), torch.zeros(45, 4)
    one, _ = found(x, LABELS, noise)
    other, _ = found(x, (LABELS + 1) % K, noise)
    assert not one.allclose(other, atol=1e-3)


def test_the_divergence_is_that_of_the_two_normal_distributions() -> None:
    x = planted().double()
    found = network(x)
    mu, log_variance = found.encoder(x).chunk(2, dim=1)
    latent = torch.distributions.Normal(mu, (log_variance / 2).exp())
    prior = torch.distributions.Normal(torch.zeros(()).double(), torch.ones(()).double())
    expected = torch.distributions.kl_divergence(latent, prior).sum(dim=1)
    torch.testing.assert_close(found(x, LABELS, torch.zeros(45, 4))[1], expected)


def test_the_loss_is_the_bound_and_the_classifier() -> None:
    x, noise = planted().double(), torch.randn(45, 4).double()
    found = network(x)
    copies, divergence = found(x, LABELS, noise)
    likelihood = torch.distributions.Normal(copies, 1.0).log_prob(x).sum(dim=1)
    constant = D / 2 * np.log(2 * np.pi)
    bound = (divergence - likelihood - constant).mean() / D
    told = [
        -found.classifier(each).log_softmax(dim=1)[range(45), LABELS].mean() for each in (x, copies)
    ]
    expected = bound + 0.7 * (told[0] + told[1]) / 2
    torch.testing.assert_close(found.loss(x, LABELS, noise, 0.7), expected)


@pytest.mark.long
def test_scale_and_shift_of_the_embeddings_do_not_matter() -> None:
    rows, _ = generated(planted(), LABELS, generator_steps=50)
    moved, _ = generated(64 * planted() + 8, LABELS, generator_steps=50)
    torch.testing.assert_close((moved - 8) / 64, rows, atol=0.02, rtol=0.02)


@pytest.mark.long
def test_the_seed_decides_and_global_numbers_stay() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, _ = generated(planted(), LABELS, generator_steps=20)
    assert torch.get_rng_state().equal(before)
    assert torch.get_num_threads() == threads
    torch.rand(3)
    assert generated(planted(), LABELS, generator_steps=20)[0].equal(first)
    assert not generated(planted(), LABELS, generator_steps=20, seed=1)[0].equal(first)


@pytest.mark.long
@walked
@pytest.mark.parametrize("count", [0, 1, 2, 65])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_any_number_of_identical_rows(count: int, value: float) -> None:
    x = torch.full((count, D), value, dtype=torch.float64)
    labels = torch.full((count,), 2)
    rows, copied = generated(x, labels, copies=2, generator_steps=200)
    assert rows.shape == (2 * count, D)
    assert rows.dtype == torch.float64
    assert copied.tolist() == [2] * (2 * count)
    torch.testing.assert_close(rows, x.repeat(2, 1))


def test_embeddings_are_checked() -> None:
    x = planted()
    x[7, 2] = np.nan
    with pytest.raises(ArrayError, match="7"):
        generated(x, LABELS)


@pytest.mark.parametrize(
    "options",
    [{"copies": 0}, {"latent": 0}, {"width": 0}, {"generator_steps": 0}, {"label_weight": -1}],
)
def test_options_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        generated(planted(), LABELS, **options)
