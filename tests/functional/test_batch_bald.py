"""BatchBALD beside the entropy of all K^b configurations of labels."""

import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import Tensor
from torch.special import entr

from openal.errors import ArgumentError, ArrayError
from openal.functional import bald, batch_bald
from tests.walking import walked


def information(p: np.ndarray, rows: list[int]) -> float:
    """I(y_rows; w) of p [N, T, K]: the entropy of every configuration, less the expected one."""
    _, samples, classes = p.shape
    joint = 0.0
    for labels in product(range(classes), repeat=len(rows)):
        chance = np.ones(samples)
        for row, label in zip(rows, labels, strict=True):
            chance *= p[row, :, label]
        joint -= chance.mean() * np.log(max(chance.mean(), 1e-300))
    alone = -(p[rows] * np.log(np.maximum(p[rows], 1e-300))).sum(axis=2).mean(axis=1)
    return joint - float(alone.sum())


def greedy(p: np.ndarray, budget: int) -> tuple[list[int], list[float]]:
    """The best row again and again; of equals the larger BALD, then the lower row."""
    alone = [round(information(p, [row]), 6) for row in range(len(p))]
    rows: list[int] = []
    gains: list[float] = []
    for _ in range(min(budget, len(p))):
        left = [row for row in range(len(p)) if row not in rows]
        gain = {row: information(p, [*rows, row]) - information(p, rows) for row in left}
        best = min(left, key=lambda row: (-round(gain[row], 6), -alone[row], row))
        rows.append(best)
        gains.append(gain[best])
    return rows, gains


oracle_of_batch_bald = greedy


def logits(seed: int, n: int, t: int, k: int, kind: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = 3 * rng.normal(size=(n, t, k))
    if kind == "clustered":
        z = z[rng.integers(0, 3, n)] + 0.1 * rng.normal(size=(n, t, k))
    return z[np.arange(n) // 2] if kind == "duplicated" else z


@pytest.mark.long
@walked
@pytest.mark.parametrize("kind", ["random", "clustered", "duplicated"])
@pytest.mark.parametrize(
    "n, t, k, budget", [(8, 4, 3, 4), (7, 3, 2, 7), (6, 5, 4, 3), (3, 2, 1, 2)]
)
def test_is_the_brute_force(kind: str, n: int, t: int, k: int, budget: int) -> None:
    for seed in range(4):
        z = logits(seed, n, t, k, kind)
        rows, gains = batch_bald(torch.tensor(z), budget, configurations=10**6)
        expected, expected_gains = greedy(softmax(z, axis=2), budget)
        assert rows.tolist() == expected
        assert gains.tolist() == pytest.approx(expected_gains, abs=2e-6)


def test_the_first_is_bald() -> None:
    z = torch.tensor(logits(0, 30, 6, 4, "random"))
    rows, gains = batch_bald(z, 1)
    assert int(rows[0]) == int(bald(z).argmax())
    assert float(gains[0]) == pytest.approx(float(bald(z).max()), abs=1e-6)


def test_the_gains_add_up_to_the_joint_information() -> None:
    z = logits(3, 12, 5, 3, "random")
    rows, gains = batch_bald(torch.tensor(z), 5)
    found = information(softmax(z, axis=2), rows.tolist())
    assert float(gains.sum()) == pytest.approx(found, abs=1e-5)


def test_what_tells_the_same_is_not_asked_twice() -> None:
    a, b = [[9.0, 0], [0, 9], [9, 0], [0, 9]], [[3.0, 0], [3, 0], [0, 3], [0, 3]]
    z = torch.tensor([a, a, b])
    assert bald(z).argsort(descending=True, stable=True).tolist() == [0, 1, 2]
    assert batch_bald(z, 2)[0].tolist() == [0, 2]


def test_permuted_rows_are_chosen_alike() -> None:
    z = torch.tensor(logits(5, 20, 6, 3, "random"))
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    assert order[batch_bald(z[order], 6)[0]].tolist() == batch_bald(z, 6)[0].tolist()


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    z = torch.tensor(logits(6, 40, 6, 3, "clustered"))
    expected = batch_bald(z, 8, generator=torch.Generator().manual_seed(0))[0].tolist()
    monkeypatch.setattr(sys.modules["openal.functional.batch_bald"], "BLOCK_ELEMENTS", 1)
    assert batch_bald(z, 8, generator=torch.Generator().manual_seed(0))[0].tolist() == expected


def drawn(z: Tensor, seed: int, configurations: int = 200) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return batch_bald(z, 6, configurations=configurations, generator=generator)


@pytest.mark.long
def test_drawn_configurations_come_close_to_all() -> None:
    z = torch.tensor(logits(7, 30, 8, 4, "random") / 3)
    p = softmax(z.numpy(), axis=2)
    exact = information(p, batch_bald(z, 6, configurations=10**6)[0].tolist())
    for seed in range(5):
        rows, gains = drawn(z, seed)
        assert information(p, rows.tolist()) > 0.97 * exact
        assert float(gains.sum()) == pytest.approx(exact, rel=0.05)


def test_drawn_configurations_leave_as_much_open_as_all() -> None:
    module: Any = sys.modules["openal.functional.batch_bald"]
    p = torch.tensor(logits(7, 5, 6, 4, "random")).softmax(dim=2)
    every = module._Labels.none(p).with_row(p[0]).with_row(p[1]).with_row(p[2])
    few = [every.reduced(20, torch.Generator().manual_seed(seed)) for seed in range(200)]
    left, expected = (
        [float(each.weights @ entr(each.posteriors).sum(1)) for each in some]
        for some in (few, [every])
    )
    assert left == pytest.approx(expected * 200)
    mean = torch.stack([module._gains(p[3:], each) for each in few]).mean(dim=0)
    torch.testing.assert_close(mean, module._gains(p[3:], every), rtol=0.01, atol=0)


def test_draws_repeat_under_a_seed_and_differ_otherwise() -> None:
    z = torch.tensor(logits(7, 30, 8, 4, "random") / 3)
    assert drawn(z, 0, 9)[1].equal(drawn(z, 0, 9)[1])
    assert not drawn(z, 0, 9)[1].equal(drawn(z, 1, 9)[1])


def test_what_is_left_when_all_is_known_goes_by_bald() -> None:
    z = torch.tensor(logits(8, 60, 2, 5, "random"))
    rows, gains = batch_bald(z, 60)
    told = int((gains > 0).sum())
    assert 1 < told < 60
    assert float(gains.sum()) == pytest.approx(np.log(2), abs=1e-3)
    assert sorted(rows.tolist()) == list(range(60))
    left = bald(z)[rows[told:]]
    assert (left.diff() <= 1e-6).all()


@pytest.mark.long
def test_huge_batches_do_not_underflow() -> None:
    z = torch.tensor(logits(9, 300, 50, 10, "random") / 30)
    gains = drawn(z, 0)[1]
    assert gains.isfinite().all()
    rows, gains = batch_bald(z, 300, configurations=20)
    assert gains.isfinite().all()
    assert sorted(rows.tolist()) == list(range(300))


@pytest.mark.parametrize(
    "z",
    [torch.zeros(5, 3, 4), torch.randn(5, 1, 4), torch.randn(5, 3, 1), torch.full((5, 2, 2), 9e30)],
    ids=["alike", "one sample", "one class", "huge"],
)
def test_nothing_to_tell_asks_the_first_rows(z: Tensor) -> None:
    rows, gains = batch_bald(z, 3)
    assert rows.tolist() == [0, 1, 2]
    assert gains.tolist() == [0, 0, 0]


def test_types_and_shapes() -> None:
    rows, gains = batch_bald(torch.randn(4, 3, 2, dtype=torch.float64), 9)
    assert (rows.dtype, gains.dtype, rows.shape, gains.shape) == (
        torch.int64,
        torch.float64,
        (4,),
        (4,),
    )
    assert batch_bald(torch.randn(4, 3, 2).half(), 2)[1].dtype == torch.float32
    assert batch_bald(torch.empty(0, 3, 2), 2)[0].shape == (0,)


@pytest.mark.parametrize(
    "z, options, message",
    [
        (torch.zeros(3, 2), {}, "mc_logits must have 3 dimensions"),
        (torch.zeros(3, 0, 2), {}, "no empty row"),
        (torch.tensor([[[0.0]], [[np.nan]]]), {}, "row 1 is not"),
    ],
)
def test_arrays_that_cannot_be(z: Tensor, options: Any, message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        batch_bald(z, 1, **options)


@pytest.mark.parametrize("options", [{"budget": 0}, {"budget": 1, "configurations": 0}])
def test_counts_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match="at least 1"):
        batch_bald(torch.zeros(3, 2, 2), **options)
