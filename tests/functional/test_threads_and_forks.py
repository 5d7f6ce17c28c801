"""Every kernel: the same bits on one thread and on two, and in a process that was forked."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from openal.functional import (
    bald,
    class_prototypes,
    entropy,
    finch,
    gradient_kmeans_pp,
    k_center_greedy,
    knn,
    mahalanobis,
    margin,
    mixture_posterior,
    prob_cover,
    tune_scale,
    yes_no_probabilities,
)
from tests.walking import walked


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def groups(n: int, count: int) -> Tensor:
    return torch.randint(count, (n,), generator=torch.Generator().manual_seed(3))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def cosines(n: int, seed: int) -> Tensor:
    return drawn(n, 40, seed=seed) / 10


POINTS = drawn(9000, 48)
KERNELS: dict[str, Callable[[], Any]] = {
    "knn": lambda: knn(POINTS, POINTS[:700], 5, block_size=1000),
    "k_center_greedy": lambda: k_center_greedy(POINTS, POINTS[:500], 100),
    "gradient_kmeans_pp": lambda: gradient_kmeans_pp(POINTS[:, :10], POINTS, 50, seeded()),
    "mixture_posterior": lambda: mixture_posterior(drawn(200_000), groups(200_000, 9), 9),
    "yes_no_probabilities": lambda: yes_no_probabilities(cosines(9000, 0), cosines(9000, 1), 20.0),
    "tune_scale": lambda: tune_scale(cosines(9000, 0), cosines(9000, 1), groups(9000, 2).bool()),
    "entropy": lambda: entropy(POINTS),
    "margin": lambda: margin(POINTS),
    "bald": lambda: bald(POINTS.view(9000, 6, 8)),
    "class_prototypes": lambda: class_prototypes(POINTS, groups(9000, 7), 7),
    "mahalanobis": lambda: mahalanobis(POINTS, POINTS[:600]),
    "finch": lambda: finch(POINTS[:3000]),
    "prob_cover": lambda: prob_cover(POINTS[:3000], None, 20, delta=1.2),
}


def with_threads(count: int, kernel: Callable[[], Any]) -> list[Tensor]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        found = kernel()
    finally:
        torch.set_num_threads(before)
    return [torch.as_tensor(each) for each in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.long
@walked
@pytest.mark.parametrize("name", KERNELS)
def test_the_same_bits_on_one_thread_and_on_two(name: str) -> None:
    one, two = (with_threads(count, KERNELS[name]) for count in (1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def beginning(name: str) -> list[list[Any]]:
    found = with_threads(torch.get_num_threads(), KERNELS[name])
    return [each.reshape(-1)[:5].tolist() for each in found]


def main() -> None:
    """Run every kernel on two threads, and again in a process that is forked then."""
    torch.set_num_threads(2)
    context = multiprocessing.get_context("fork")
    for name in KERNELS:
        expected, found = beginning(name), context.SimpleQueue()
        process = context.Process(target=lambda: found.put(beginning(name)))  # noqa: B023
        process.start()
        process.join(timeout=60)
        process.kill()
        same = not found.empty() and found.get() == expected
        sys.stdout.write(f"{name} {same}\n")


@pytest.mark.long
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
def test_a_fork_after_use_does_not_hang() -> None:
    run = subprocess.run([sys.executable, __file__], check=True, capture_output=True, text=True)
    assert run.stdout.split() == [word for name in KERNELS for word in (name, "True")]


if __name__ == "__main__":
    main()
