"""A margin as the expected share of known."""

import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.functional.known_share import known_share
from tests.walking import walked

module = sys.modules[known_share.__module__]  # the package has a function of the same name
NONE = torch.zeros(0)


def mixture(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Unknown around -4, known around 4, both around 0; and which is known."""
    generator = torch.Generator().manual_seed(seed)
    bell = torch.randint(3, (n,), generator=generator)
    known = torch.rand(n, generator=generator) < bell / 2
    return 4.0 * (bell - 1) + 0.7 * torch.randn(n, generator=generator), known


def test_is_the_share_of_known_around_a_value() -> None:
    values, known = mixture(3000)
    share = known_share(values[200:], values[:200], known[:200])
    for low, high, expected in ((-9, -3, 0.0), (-1, 1, 0.5), (3, 9, 1.0)):
        here = (values[200:] > low) & (values[200:] < high)
        assert share[here].mean().item() == pytest.approx(expected, abs=0.08)
    assert share.mean().item() == pytest.approx(known[200:].double().mean().item(), abs=0.05)


def test_never_falls_with_the_value() -> None:
    for seed in range(5):
        values, known = mixture(300, seed)
        turned = torch.where(values > 0, ~known, known)
        share = known_share(values, values[:50], turned[:50])[values.argsort()]
        assert (share.diff() >= -1e-9).all()


def test_follows_the_order_of_the_items() -> None:
    values, known = mixture(200)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    share = known_share(values, values[:30], known[:30])
    other = torch.randperm(30, generator=torch.Generator().manual_seed(2))
    turned = known_share(values[order], values[:30][other], known[:30][other])
    torch.testing.assert_close(turned, share[order], atol=1e-6, rtol=0)


def test_without_answers_larger_is_likelier() -> None:
    values, _ = mixture(300)
    share = known_share(values, NONE, NONE.bool())
    assert share[values > 3].mean() > 0.9
    assert share[values < -3].mean() < 0.1


@pytest.mark.parametrize("values", [NONE, torch.zeros(1), torch.zeros(9), torch.arange(2.0)])
def test_few_values(values: Tensor) -> None:
    share = known_share(values, NONE, NONE.bool())
    assert share.tolist() == [0.5] * len(values)


def test_one_value_far_away() -> None:
    values = torch.cat([torch.linspace(0, 1, 99), torch.tensor([1e6])])
    share = known_share(values, values[:1], torch.tensor([True]))
    assert share.isfinite().all() and (share >= 0).all() and (share <= 1).all()


def by_hand(x: Any, y: Any, known: Any, most: int = 10**9) -> np.ndarray:
    """A short loop of expectation and maximization, from the thirds of the sorted values."""
    every = np.sort(np.concatenate([x, y]))
    every, x, y = ((each - every.mean()) / every.std() for each in (every, x, y))
    at = np.rint(np.linspace(0, len(every) - 1, min(most, len(every)))).astype(int)
    fitted = every[at]
    thirds = np.array_split(fitted, 3)
    weights, means = np.full(3, 1 / 3), np.array([third.mean() for third in thirds])
    variance = max(sum(len(third) * third.var() for third in thirds) / len(fitted), 1e-6)

    def densities(values: np.ndarray) -> Any:
        bells = np.exp(-((values[:, None] - means) ** 2) / (2 * variance))
        return weights * bells / np.sqrt(2 * np.pi * variance)

    before = -np.inf
    for _ in range(100):
        heights = densities(fitted)
        shares = heights / heights.sum(axis=1, keepdims=True)
        weights, means = shares.mean(axis=0), fitted @ shares / shares.sum(axis=0)
        variance = (shares * (fitted[:, None] - means) ** 2).sum() / len(fitted) + 1e-6
        bound = np.log(heights.sum(axis=1)).mean()
        if abs(bound - before) < 1e-3:
            break
        before = bound
    of_x, of_y = (densities(each) / densities(each).sum(axis=1)[:, None] for each in (x, y))
    low, middle, high = (np.array([0, 0.5, 1]) + of_y.T @ known) / (1 + of_y.sum(axis=0))
    return np.asarray(of_x @ [low, max(low, middle), max(low, middle, high)])


oracle_of_known_share = by_hand


def levels(n: int) -> Tensor:
    """Three values, of which each third is one: no spread is within."""
    return torch.arange(3.0).repeat_interleave(n // 3)


SPREADS = {
    "three bells": mixture(90, 3)[0],
    "one bell": torch.randn(90, generator=torch.Generator().manual_seed(4)),
    "skewed": torch.randn(90, generator=torch.Generator().manual_seed(5)).exp(),
    "three levels": levels(90),
}


@pytest.mark.long
@walked
@pytest.mark.parametrize("most", [20_000, 31])
@pytest.mark.parametrize("turned", [False, True], ids=["rising", "falling"])
@pytest.mark.parametrize("values", SPREADS.values(), ids=SPREADS)
def test_is_that_of_a_short_loop(
    monkeypatch: pytest.MonkeyPatch, values: Tensor, turned: bool, most: int
) -> None:
    monkeypatch.setattr(module, "SAMPLE_SIZE", most)
    x, y = values[::2].double(), values[1::2].double()
    known = (y > y.median()) ^ turned
    share = known_share(x, y, known).numpy()
    np.testing.assert_allclose(share, by_hand(x.numpy(), y.numpy(), known.numpy(), most), atol=1e-9)


@pytest.mark.parametrize("other", [1.0, 2.0])
def test_of_two_distinct_values_it_is_the_share_of_known_answers(other: float) -> None:
    answered = torch.tensor([1.0, other, 1.0])
    share = known_share(torch.ones(2), answered, torch.tensor([True, True, False]))
    assert share.tolist() == [2.5 / 4] * 2
