"""A margin as the expected share of known."""

import pytest
import torch
from torch import Tensor

from openal.functional.known_share import known_share

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
