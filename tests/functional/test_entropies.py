import math

import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional.entropies import binary_entropy_score, distance_entropy

NO = torch.tensor([[0.0, 1, 2], [3, 0, -2]])
YES = torch.tensor([[1.0, 1, -1], [-1, 0.5, 2]])
HEADS = torch.stack([NO, YES], dim=1)


def plain_entropy(weights: list[float]) -> float:
    return -sum(w / sum(weights) * math.log(w / sum(weights)) for w in weights)


oracle_of_binary_entropy_score = plain_entropy
oracle_of_distance_entropy = plain_entropy


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_golden_values_of_the_heads() -> None:
    expected = torch.tensor([0.705100, 0.405415])
    torch.testing.assert_close(binary_entropy_score(HEADS), expected, atol=1e-6, rtol=0)


def test_golden_values_of_the_distances() -> None:
    centers = torch.tensor([[0.0, 1], [2, 2], [5, 0]])
    found = distance_entropy(torch.tensor([[0.0, 0], [1, 1]]), centers)
    torch.testing.assert_close(found, torch.tensor([0.433238, 0.705158]), atol=1e-6, rtol=0)


def test_heads_agree_with_the_definition() -> None:
    logits = 3 * normal(20, 2, 4)
    expected = [
        sum(plain_entropy([math.exp(a), math.exp(b)]) for a, b in zip(*row, strict=True))
        / 4
        / math.log(2)
        for row in logits.tolist()
    ]
    torch.testing.assert_close(binary_entropy_score(logits), torch.tensor(expected).double())


def test_distances_agree_with_the_definition() -> None:
    points, centers = normal(20, 3), normal(5, 3) + 1
    expected = [
        plain_entropy([math.exp(-math.dist(p, c)) for c in centers.tolist()]) / math.log(5)
        for p in points.tolist()
    ]
    found = distance_entropy(points, centers)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["twice", "on the centers", "one line", "whole numbers"])
def test_special_points_agree_with_the_definition_too(kind: str) -> None:
    points, centers = normal(24, 3), normal(4, 3)
    made = {
        "twice": points.repeat_interleave(2, dim=0),
        "on the centers": centers.repeat(3, 1),
        "one line": points[:1] * torch.arange(12)[:, None],
        "whole numbers": points.round(),
    }[kind]
    expected = [
        plain_entropy([math.exp(-math.dist(p, c)) for c in centers.tolist()]) / math.log(4)
        for p in made.tolist()
    ]
    assert distance_entropy(made, centers).tolist() == pytest.approx(expected, abs=1e-9)
    heads = [
        [plain_entropy([math.exp(no), math.exp(yes)]) for no, yes in zip(p, c, strict=True)]
        for p, c in zip(made.tolist(), made.flip(0).tolist(), strict=True)
    ]
    found = binary_entropy_score(torch.stack([made, made.flip(0)], dim=1))
    assert found.tolist() == pytest.approx([sum(h) / 3 / math.log(2) for h in heads], abs=1e-9)


@pytest.mark.parametrize("size", [1e4, 3e38])
def test_huge_logits_are_certain(size: float) -> None:
    logits = torch.tensor([[[size], [-size]], [[-size], [size]], [[size], [size]]])
    assert binary_entropy_score(logits).tolist() == [0, 0, 1]


def test_far_points_are_finite() -> None:
    centers = torch.tensor([[0.0, 0.0], [3e5, 0.0]])
    assert distance_entropy(torch.tensor([[1e6, 0.0], [0.0, 0.0]]), centers).tolist() == [0, 0]


def test_one_center_tells_nothing() -> None:
    assert distance_entropy(normal(4, 3), normal(1, 3)).tolist() == [0] * 4


def test_close_points_lose_no_digits() -> None:
    # The distances 0, 1, ..., 29, far away from the origin.
    base = 1e7 + normal(33)
    centers = base + torch.arange(30)[:, None] * torch.eye(33)[0]
    expected = plain_entropy([math.exp(-d) for d in range(30)]) / math.log(30)
    found = distance_entropy(base.repeat(30, 1), centers)
    torch.testing.assert_close(found, torch.full_like(found, expected), atol=1e-7, rtol=0)


def test_equal_rows_are_equal_wherever_they_stand() -> None:
    logits, points, centers = normal(1, 2, 7).float(), normal(1, 33).float(), normal(40, 33).float()
    for n in (2, 17, 1000):
        assert len(binary_entropy_score(logits.expand(n, -1, -1)).unique()) == 1
        assert (
            distance_entropy(points.expand(n, -1), centers)
            .unique()
            .equal(distance_entropy(points, centers))
        )


def test_half_precision_is_computed_in_single() -> None:
    assert binary_entropy_score(HEADS.half()).equal(binary_entropy_score(HEADS.half().float()))
    assert binary_entropy_score(HEADS.double()).dtype == torch.float64


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArrayError, match=r"logits must be \(N, 2, K\), got \(2, 3, 2\)"):
        binary_entropy_score(HEADS.transpose(1, 2))
    with pytest.raises(ArrayError, match="points must be finite; row 0"):
        distance_entropy(torch.tensor([[math.inf]]), torch.zeros(1, 1))
    with pytest.raises(ArrayError, match=r"C > 0, got \(1, 2\) and \(0, 2\)"):
        distance_entropy(torch.zeros(1, 2), torch.zeros(0, 2))
