"""Randomness that is asked for by name, and never leaks."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from openal._seeds import Draws, as_seed, derived_seed, drawing_from
from openal.errors import ArgumentError
from openal.testing._isolated import isolated_rng


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002


def test_an_integer_is_its_own_seed() -> None:
    assert as_seed(7) == 7
    assert as_seed(np.int64(7)) == 7  # type: ignore[arg-type]


def test_no_seed_is_a_fresh_one() -> None:
    assert as_seed(None) != as_seed(None)


def test_a_generator_is_advanced_by_one_draw() -> None:
    generator, other = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    first, second = as_seed(generator), as_seed(generator)
    assert first != second
    assert first == int(torch.randint(2**62, (1,), generator=other))
    torch.randint(2**62, (1,), generator=other)
    assert torch.equal(generator.get_state(), other.get_state())


@pytest.mark.parametrize("seed", [True, 1.5, "3", -1, np.random.default_rng(0)])
def test_other_seeds_are_refused(seed: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^seed must be"):
        as_seed(seed)


@pytest.mark.parametrize("seed", [0, 2**32, 2**63 - 1, 2**64 - 1, 2**64, 2**70])
def test_a_seed_may_be_large(seed: int) -> None:
    with drawing_from(as_seed(seed)):
        torch.rand(1)


def test_derived_seeds_differ_in_every_key() -> None:
    keys = [(s, r, d) for s in range(20) for r in range(10) for d in range(5)]
    seeds = {derived_seed(*each) for each in keys}
    assert len(seeds) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_derived_seed_stays_the_same_between_versions() -> None:
    assert derived_seed(0) == derived_seed(0)
    assert derived_seed(1, 2, 3) == 8208089874740249663


def test_derived_seeds_make_unlike_numbers() -> None:
    generators = (torch.Generator().manual_seed(derived_seed(0, key)) for key in range(2000))
    first = torch.tensor([float(torch.rand(1, generator=each)) for each in generators])
    assert abs(first.mean() - 0.5) < 0.02
    assert abs(torch.corrcoef(torch.stack([first[:-1], first[1:]]))[0, 1]) < 0.08


RANDOM: dict[str, Any] = {
    "rand": lambda: torch.rand(9),
    "randn": lambda: torch.randn(9, dtype=torch.float64),
    "randint": lambda: torch.randint(99, (9,)),
    "randint between": lambda: torch.randint(5, 99, (9,)),
    "randperm": lambda: torch.randperm(99),
    "like": lambda: torch.rand_like(torch.ones(9)) + torch.randn_like(torch.ones(9)),
    "integers like": lambda: torch.randint_like(torch.ones(9), 5, 99),
    "bernoulli": lambda: torch.bernoulli(torch.full((99,), 0.5)),
    "multinomial": lambda: torch.multinomial(torch.ones(99), 9),
    "normal": lambda: torch.normal(torch.zeros(9), torch.ones(9)),
    "dropout": lambda: nn.functional.dropout(torch.ones(99)),
    "alpha dropout": lambda: nn.AlphaDropout()(torch.ones(99)),
    "channels": lambda: nn.Dropout2d()(torch.ones(9, 9, 2, 2)),
    "rrelu": lambda: nn.RReLU()(-torch.ones(9)),
    "a layer": lambda: nn.Linear(9, 9).weight,
    "a convolution": lambda: nn.Conv2d(3, 3, 3).weight,
    "truncated": lambda: nn.init.trunc_normal_(torch.empty(9)),
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(9, 9)),
    "recurrent dropout": lambda: nn.LSTM(2, 3, 2, dropout=0.5)(torch.ones(4, 1, 2))[0],
    "attention dropout": lambda: nn.TransformerEncoderLayer(8, 2)(torch.ones(4, 1, 8)),
}


@pytest.mark.parametrize("name", RANDOM)
def test_what_is_drawn_is_decided_by_the_seed_and_by_nothing_global(name: str) -> None:
    before, found = torch.get_rng_state(), []
    for seed in (1, 1, 2):
        with drawing_from(seed):
            found.append(RANDOM[name]())
    assert found[0].equal(found[1]) and not found[0].equal(found[2])
    assert torch.get_rng_state().equal(before)


def test_a_generator_that_is_named_is_used() -> None:
    generator = torch.Generator().manual_seed(5)
    with drawing_from(1):
        found = torch.rand(9, generator=generator)
    assert found.equal(torch.rand(9, generator=torch.Generator().manual_seed(5)))


def test_draws_know_whether_there_were_any() -> None:
    draws = Draws(0)
    with draws:
        torch.ones(3) * 2
    assert not draws.drew
    with draws:
        torch.rand(3)
    assert draws.drew


@pytest.mark.parametrize("dropped", [0.0, 0.5])
def test_attention_draws_where_it_drops(dropped: float) -> None:
    draws, x = Draws(0), torch.ones(1, 2, 3, 4)
    with draws:
        scaled_dot_product_attention(x, x, x, dropout_p=dropped)
    assert draws.drew == (dropped > 0)


def test_threads_draw_from_their_own_seeds() -> None:
    def draw(seed: int) -> float:
        with drawing_from(seed):
            return float(torch.stack([torch.rand(()) for _ in range(200)]).sum())

    expected = [draw(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(draw, range(8))) == expected


# --- the seeding of checks and tests


def test_inside_the_same_seed_draws_the_same() -> None:
    with isolated_rng(4):
        first = drawn()
    drawn()
    with isolated_rng(4):
        assert drawn() == first
    with isolated_rng(5):
        assert drawn() != first


def test_outside_nothing_moved() -> None:
    with isolated_rng(1):
        expected = [drawn(), drawn()]
    with isolated_rng(1):
        first = drawn()
        with isolated_rng(2):
            drawn()
        assert [first, drawn()] == expected


def test_an_error_inside_moves_nothing_either() -> None:
    with isolated_rng(1):
        expected = drawn()
    with isolated_rng(1):
        with pytest.raises(KeyError), isolated_rng(2):
            raise KeyError
        assert drawn() == expected


def test_a_gpu_that_is_not_in_use_is_not_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    # torch.manual_seed() queues a seed for CUDA until CUDA is first used. Nothing would take that
    # back, and it would replace the one that the user has queued.
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    with isolated_rng(3):
        drawn()
    assert seeded == []
