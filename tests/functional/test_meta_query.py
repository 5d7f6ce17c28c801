"""The monotone network: its inputs, its loss, its gradient against autograd, what it learns."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import meta_query
from openal.functional.meta_query import MetaQuery, fit_meta_query, standardized
from tests.walking import walked


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(parts: Tensor, offset: float = 0.5) -> MetaQuery:
    return MetaQuery(parts[:2], parts[2], parts[3], torch.tensor(offset, dtype=torch.float64))


def planted(seed: int, n: int = 600) -> tuple[Tensor, Tensor]:
    """Purity tells the known from the unknown; informativeness is larger for the unknown."""
    generator = drawn(seed)
    known = torch.rand(n, generator=generator) < 0.5
    purity = 1.0 * known + 0.6 * torch.randn(n, generator=generator)
    informativeness = -1.0 * known + 0.8 * torch.randn(n, generator=generator)
    loss = torch.rand(n, generator=generator)
    inputs = torch.stack([standardized(informativeness), standardized(purity)], dim=1)
    return inputs, torch.where(known, loss, -1.0)


def ahead(scores: Tensor, known: Tensor) -> float:
    """The share of pairs in which the known is ahead of the unknown."""
    return float((scores[known][:, None] > scores[~known]).double().mean())


def test_standardized_by_hand() -> None:
    scores = torch.tensor([0.0, 1.0, 5.0], dtype=torch.float64)
    z = (scores - 2) / torch.tensor(14 / 3, dtype=torch.float64).sqrt()
    torch.testing.assert_close(standardized(scores), z.exp())
    assert standardized(scores * 7 - 3).tolist() == pytest.approx(z.exp().tolist())


SCORES = {
    "random": np.random.default_rng(0).normal(size=50),
    "skewed": np.random.default_rng(1).exponential(size=50) ** 2,
    "every score twice": np.repeat(np.random.default_rng(2).normal(size=20), 2),
    "two values": np.arange(30) % 7 == 0,
    "far away": 1e6 + np.random.default_rng(3).normal(size=50),
    "one": np.array([4.0]),
}


@walked
@pytest.mark.parametrize("kind", SCORES)
def test_standardized_one_score_after_another(kind: str) -> None:
    scores = SCORES[kind].astype(float).tolist()
    mean = math.fsum(scores) / len(scores)
    std = math.sqrt(math.fsum((s - mean) ** 2 for s in scores) / len(scores))
    z = [(s - mean) / std if std else 0.0 for s in scores]
    expected = [math.exp(min(3.0, max(-3.0, each))) for each in z]
    assert standardized(torch.tensor(scores, dtype=torch.float64)).tolist() == pytest.approx(
        expected, rel=1e-6
    )


oracle_of_standardized = test_standardized_one_score_after_another


@walked
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e30, -7.0])
@pytest.mark.parametrize("count", [1, 3, 11])
def test_equal_scores_are_1(value: float, count: int) -> None:
    for dtype in (torch.float32, torch.float64):
        assert standardized(torch.full((count,), value, dtype=dtype)).tolist() == [1.0] * count


def test_an_outlier_is_cut_off() -> None:
    scores = torch.zeros(1000, dtype=torch.float64)
    scores[0] = 1
    assert standardized(scores)[0] == pytest.approx(torch.tensor(3.0).exp().item())
    assert len(standardized(scores[:0])) == 0


def pair_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean over the pairs (i, i + B / 2) whose targets differ."""
    terms = []
    for a in range(half := len(outputs) // 2):
        b = a + half
        if targets[a] != targets[b]:
            s = 1 if targets[a] > targets[b] else -1
            terms.append((1 - s * (outputs[a] - outputs[b])).clamp(min=0))
    return torch.stack(terms).mean() if terms else 0 * outputs.sum()


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_is_that_of_the_loss(seed: int) -> None:
    generator = drawn(seed)
    parts = torch.randn(4, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    inputs = torch.rand(9, 2, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 3, (9,), generator=generator).double()
    _, x, pull = next(meta_query._steps(inputs.numpy(), targets.numpy(), generator))
    of_row = {tuple(row): t for row, t in zip(inputs.tolist(), targets, strict=True)}
    drawn_targets = torch.stack([of_row[tuple(row)] for row in x.tolist()])
    hidden = torch.sigmoid(torch.from_numpy(x) @ parts[:2].relu() + parts[2])
    loss = pair_loss(hidden @ parts[3].relu(), drawn_targets)
    (expected,) = torch.autograd.grad(loss, parts)
    found = meta_query._gradient(parts.detach().numpy(), x, pull)
    torch.testing.assert_close(torch.from_numpy(found), expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_score_row_by_row(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w1, b1, w2, x = (rng.normal(size=s) for s in ((2, 9), 9, 9, (30, 2)))
    x[:10] = x[:1]
    expected = []
    for a, b in x:
        inside = [max(w1[0, h], 0) * a + max(w1[1, h], 0) * b + b1[h] for h in range(9)]
        expected.append(
            0.25 + sum(max(w, 0) / (1 + math.exp(-z)) for w, z in zip(w2, inside, strict=True))
        )
    score = MetaQuery(*map(torch.tensor, (w1, b1, w2)), torch.tensor(0.25).double())
    assert score(torch.tensor(x)).tolist() == pytest.approx(expected, rel=1e-12)


oracle_of_MetaQuery = test_the_score_row_by_row


@pytest.mark.long
def test_training_is_plain_gradient_descent_on_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta_query, "EPOCHS", 6)
    inputs = torch.rand(70, 2, generator=drawn(1), dtype=torch.float64)
    targets = torch.randint(0, 3, (70,), generator=drawn(2)).double()
    random = drawn(3)
    start = torch.rand(4 * 3 + 1, generator=random, dtype=torch.float64)
    parts = start[:-1].reshape(4, 3).clone().requires_grad_()
    optimizer = torch.optim.SGD([parts], lr=1e-3)
    for epoch in range(6):
        if epoch == 3:
            optimizer.param_groups[0]["lr"] = 1e-4
        order = torch.rand(-(-3200 // 70), 70, generator=random, dtype=torch.float64)
        rows = order.argsort(dim=1, stable=True).flatten()[:3200]
        for batch in rows.reshape(100, 32):
            optimizer.zero_grad()
            hidden = torch.sigmoid(inputs[batch] @ parts[:2].relu() + parts[2])
            outputs, wanted = hidden @ parts[3].relu(), targets[batch]
            sign = (wanted[:16] - wanted[16:]).sign()
            terms = (1 - sign * (outputs[:16] - outputs[16:])).clamp(min=0) * sign.abs()
            (terms.sum() / sign.abs().sum().clamp(min=1)).backward()
            optimizer.step()
    trained = fit_meta_query(inputs, targets, hidden=3, generator=drawn(3))
    expected = parts.detach()
    torch.testing.assert_close(torch.vstack([trained.inner, trained.bias, trained.outer]), expected)
    assert float(trained.offset) == float(start[-1])
    assert not torch.allclose(expected, start[:-1].reshape(4, 3), atol=1e-3)


oracle_of_fit_meta_query = test_training_is_plain_gradient_descent_on_the_loss


def test_every_row_is_drawn_as_often_and_the_rate_falls_once() -> None:
    rows = np.arange(14.0).reshape(7, 2)
    steps = list(meta_query._steps(rows, np.arange(7.0), drawn(0)))
    rates, inputs, _ = zip(*steps, strict=True)
    assert (len(rates), rates.count(1e-3), rates.count(1e-4)) == (10_000, 5000, 5000)
    counts = np.unique(np.stack(inputs)[:, :, 0], return_counts=True)[1]
    assert counts.max() - counts.min() <= 100


@pytest.mark.parametrize("count, steps", [(32, 100), (3200, 100), (3201, 101), (3300, 104)])
def test_an_epoch_takes_every_row(monkeypatch: pytest.MonkeyPatch, count: int, steps: int) -> None:
    monkeypatch.setattr(meta_query, "EPOCHS", 1)
    rows = np.arange(2.0 * count).reshape(count, 2)
    taken = [x[:, 0] for _, x, _ in meta_query._steps(rows, np.arange(float(count)), drawn(0))]
    assert len(taken) == steps
    assert np.unique(np.concatenate(taken)).tolist() == rows[:, 0].tolist()


def test_the_score_by_hand() -> None:
    parts = torch.tensor([[1.0, -2], [0.5, 1], [0, -1], [2, -3]], dtype=torch.float64)
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    assert float(network(parts)(x)) == pytest.approx(2 / (1 + torch.tensor(-2.0).exp()) + 0.5)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_it_never_falls_in_either_input(seed: int) -> None:
    parts = torch.randn(4, 64, generator=drawn(seed), dtype=torch.float64)
    x = 4 * torch.rand(200, 2, generator=drawn(9), dtype=torch.float64)
    more = x + torch.rand(200, 2, generator=drawn(8), dtype=torch.float64)
    for trained in (network(parts), fit_meta_query(*planted(seed, 40), generator=drawn(seed))):
        assert (trained(more) >= trained(x)).all()
        assert (trained(torch.stack([more[:, 0], x[:, 1]], dim=1)) >= trained(x)).all()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_training_ranks_better_than_the_sum_of_both(seed: int) -> None:
    inputs, targets = planted(seed)
    trained = fit_meta_query(inputs[:200], targets[:200], generator=drawn(seed))
    known = targets[200:] >= 0
    before, after = inputs[200:].sum(dim=1), trained(inputs[200:])
    assert ahead(after, known) > ahead(before, known) + 0.1


@pytest.mark.long
def test_training_lowers_the_loss_it_trains_on() -> None:
    inputs, targets = planted(5, 64)
    start = fit_meta_query(inputs, torch.zeros(64), generator=drawn(2))
    trained = fit_meta_query(inputs, targets, generator=drawn(2))
    assert torch.equal(start.offset, trained.offset)
    losses = [float(pair_loss(each(inputs), targets)) for each in (start, trained)]
    assert losses[1] < losses[0] - 0.1


def test_parameters_start_between_0_and_1_and_stay_without_a_lesson() -> None:
    start = fit_meta_query(torch.rand(5, 2), torch.zeros(5), generator=drawn(0))
    assert (start.inner.shape, start.bias.shape, start.outer.shape) == ((2, 64), (64,), (64,))
    drawn_numbers = torch.cat([start.inner.flatten(), start.bias, start.outer])
    assert 0 <= float(drawn_numbers.min()) < float(drawn_numbers.max()) < 1
    assert drawn_numbers.std() == pytest.approx(12**-0.5, rel=0.1)


@pytest.mark.long
def test_equal_rows_get_equal_bits_in_any_block() -> None:
    trained = fit_meta_query(*planted(0, 20), generator=drawn(0))
    x = torch.rand(1, 2, generator=drawn(1), dtype=torch.float64).repeat(37, 1)
    assert len(trained(x).unique()) == 1
    assert torch.equal(trained(x[:1]), trained(x)[-1:])


@pytest.mark.long
def test_the_same_generator_trains_the_same_network() -> None:
    data = planted(3, 50)
    first, again = (fit_meta_query(*data, generator=drawn(4)) for _ in range(2))
    other = fit_meta_query(*data, generator=drawn(5))
    assert torch.equal(first.inner, again.inner)
    assert not torch.equal(first.inner, other.inner)


@pytest.mark.parametrize(
    "inputs, targets",
    [(torch.zeros(3, 3), torch.zeros(3)), (torch.zeros(3, 2), torch.zeros(2))],
)
def test_shapes_that_do_not_fit_are_refused(inputs: Any, targets: Any) -> None:
    with pytest.raises(ArrayError, match="inputs must be"):
        fit_meta_query(inputs, targets)
    with pytest.raises(ArrayError, match="scores must be finite; row 1"):
        standardized(torch.tensor([0.0, torch.nan]))
