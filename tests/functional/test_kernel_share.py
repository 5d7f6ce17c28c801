"""The kernel share beside loops over every pair, and the kernel fitted to its answers."""

from importlib import import_module
from math import exp, log

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import _kernel_sums, fit_kernel, kernel_share
from openal.functional.kernel_share import PRIOR_WEIGHTS, WIDTHS, Kernel

Rows = list[list[float]]


def cosine(a: list[float], b: list[float]) -> float:
    lengths = [sum(x * x for x in each) ** 0.5 for each in (a, b)]
    return sum(x * y for x, y in zip(a, b, strict=True)) / (lengths[0] * lengths[1])


def slow(
    points: Rows, answered: Rows, known: list[bool], width: float, weight: float
) -> list[float]:
    kernel = [[exp((cosine(p, a) - 1) / width) for a in answered] for p in points]
    every = [sum(row) for row in kernel]
    positive = [
        sum(k for k, is_known in zip(row, known, strict=True) if is_known) for row in kernel
    ]
    reached = [s / (weight + s) for s in every]
    gained = sum(w * s / t for w, s, t in zip(reached, positive, every, strict=True) if t)
    prior = 0.5 if all(known) else (1 + gained) / (2 + sum(reached))
    return [(weight * prior + s) / (weight + t) for s, t in zip(positive, every, strict=True)]


def slow_fit(answered: Rows, known: list[bool]) -> Kernel:
    likelihood, prior = {}, (sum(known) + 1) / (len(known) + 2)
    for width in WIDTHS:
        for weight in PRIOR_WEIGHTS:
            total = 0.0
            for j, a in enumerate(answered):
                others = [i for i in range(len(answered)) if i != j]
                kernel = {i: exp((cosine(answered[i], a) - 1) / width) for i in others}
                positive = sum(value for i, value in kernel.items() if known[i])
                share = (weight * prior + positive) / (weight + sum(kernel.values()))
                total += log(share if known[j] else 1 - share)
            likelihood[Kernel(width, weight)] = total
    return max(likelihood, key=likelihood.__getitem__)


oracle_of_kernel_share = slow
oracle_of_fit_kernel = slow_fit


def world(seed: int, m: int = 20, spread: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    """Points [30, 4], answered [m, 4] around five directions, and which of these are known."""
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(5, 4, generator=generator)
    kinds = torch.arange(m + 30) % 5
    rows = centers[kinds] + spread * torch.randn(m + 30, 4, generator=generator)
    return rows[m:], rows[:m], kinds[:m] < 3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kernel", [Kernel(), Kernel(0.3, 0.5), Kernel(0.02, 0.003)])
def test_the_share_is_that_of_loops(seed: int, kernel: Kernel) -> None:
    points, answered, known = world(seed)
    expected = slow(points.tolist(), answered.tolist(), known.tolist(), *kernel)
    assert kernel_share(points, answered, known, kernel).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spread", [0.1, 0.5, 2.0])
def test_the_kernel_is_the_likeliest(seed: int, spread: float) -> None:
    _, answered, known = world(seed, spread=spread)
    assert fit_kernel(answered, known) == slow_fit(answered.tolist(), known.tolist())


def test_the_kernel_of_narrow_groups_is_narrower() -> None:
    widths = [fit_kernel(*world(0, spread=spread)[1:]).width for spread in (0.1, 1.0)]
    assert widths[0] < widths[1]


def test_without_a_kernel_it_is_fitted() -> None:
    points, answered, known = world(1)
    fitted = kernel_share(points, answered, known, fit_kernel(answered, known))
    assert kernel_share(points, answered, known).equal(fitted)


def test_few_answers_or_one_kind_have_the_usual_kernel() -> None:
    _, answered, known = world(0)
    assert fit_kernel(answered[:7], known[:7]) == Kernel(0.1, 0.003)
    for same in (torch.ones_like(known), torch.zeros_like(known)):
        assert fit_kernel(answered, same) == Kernel(0.1, 0.003)


def test_no_answer_says_one_half() -> None:
    points, answered, known = world(0)
    assert kernel_share(points, answered[:0], known[:0]).eq(0.5).all()


def test_before_the_first_unknown_the_prior_is_one_half() -> None:
    share = kernel_share(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([[1.0, 0.0]]),
                         torch.tensor([True]), Kernel(0.02, 1.0))  # fmt: skip
    assert share.tolist() == pytest.approx([0.75, 0.5])


def test_of_many_answers_a_part_is_held_against_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _, answered, known = world(0, m=60)
    every = fit_kernel(answered, known)
    module = import_module("openal.functional.kernel_share")
    monkeypatch.setattr(module, "PAIRS", 1)
    monkeypatch.setattr(module, "LEAST_TRIED", 30)
    part = fit_kernel(answered, known)
    assert WIDTHS.index(part.width) - WIDTHS.index(every.width) in (-1, 0, 1)


def test_the_kernel_is_not_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    points, answered, known = world(0)
    whole = kernel_share(points, answered, known, Kernel())
    monkeypatch.setattr(_kernel_sums, "PAIRS", 50)
    assert kernel_share(points, answered, known, Kernel()).allclose(whole, rtol=1e-12)


def test_what_cannot_be_is_refused() -> None:
    points, answered, known = world(0)
    with pytest.raises(ArrayError, match=r"is_known must be flags \[20\]"):
        kernel_share(points, answered, known.float())
    with pytest.raises(ArrayError, match=r"points and answered must be \(N, D\) and \(m, D\)"):
        kernel_share(points[:, :3], answered, known)
    with pytest.raises(ArgumentError, match="width must be"):
        kernel_share(points, answered, known, Kernel(0.0))
    with pytest.raises(ArgumentError, match="prior_weight must be"):
        kernel_share(points, answered, known, Kernel(prior_weight=0.0))
    answered[3, 0] = torch.nan
    with pytest.raises(ArrayError, match="answered must be finite; row 3"):
        fit_kernel(answered, known)


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e5])
def test_a_center_is_taken_away_however_far_it_is(offset: float) -> None:
    points, answered, known = world(0)
    points = points + offset
    center = points.double().mean(dim=0)
    units = torch.nn.functional.normalize(answered.double(), dim=1)
    found = _kernel_sums.kernel_sums(points, units, known, 0.1, center)
    expected = _kernel_sums.kernel_sums(points.double() - center, units, known, 0.1)
    assert found.allclose(expected, rtol=1e-9)


def test_rows_at_the_center_have_equal_shares() -> None:
    units, known = torch.eye(3, dtype=torch.float64), torch.tensor([True, False, True])
    rows = torch.full((300, 3), 0.1)
    sums = _kernel_sums.kernel_sums(rows, units, known, 0.1, rows.double().mean(dim=0))
    assert sums.eq(sums[0]).all()
