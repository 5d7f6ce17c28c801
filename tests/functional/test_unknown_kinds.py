"""The number of kinds among the unknown."""

from itertools import permutations
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from openal.functional import _unknown_kinds
from openal.functional._rows import unit_rows
from openal.functional._unknown_kinds import class_recovery, count_unknown_kinds
from openal.functional.k_means import k_means
from tests.walking import walked


def clusters(kinds: int, size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points around `kinds` orthogonal directions, and which."""
    generator = torch.Generator().manual_seed(seed)
    kind = torch.arange(kinds * size) % kinds
    return torch.eye(12)[kind] + 0.05 * torch.randn(len(kind), 12, generator=generator), kind


@pytest.mark.long
@pytest.mark.parametrize("true", [1, 2, 5, 8])
def test_the_known_are_whole_with_that_number(true: int) -> None:
    points, kind = clusters(3 + true, 9)
    labels = kind.clamp(max=3)
    found = count_unknown_kinds(points, labels, 3, most=100)
    recovery = [
        class_recovery(k_means(unit_rows(points), 3 + each).labels, labels, 3) for each in range(27)
    ]
    assert recovery[found] >= max(recovery) - 0.05
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(1))
    assert count_unknown_kinds(points[order], labels[order], 3, most=100) == found


def test_more_kinds_than_one_are_found() -> None:
    points, kind = clusters(11, 20)
    assert count_unknown_kinds(points, kind.clamp(max=3), 3, most=100) > 3
    assert count_unknown_kinds(points, kind.clamp(max=3), 3, most=2) <= 2


def searched(
    monkeypatch: pytest.MonkeyPatch, recovery: list[float], most: int = 999
) -> tuple[int, int]:
    """What is found where 1, 2, ... kinds recover so much, and how many were tried."""
    tried: list[int] = []

    def recovered(clusters: int, *_: object) -> float:
        tried.append(clusters - 3)
        return recovery[clusters - 4]

    monkeypatch.setattr(_unknown_kinds, "k_means", lambda _, count: SimpleNamespace(labels=count))
    monkeypatch.setattr(_unknown_kinds, "class_recovery", recovered)
    labels = torch.cat([torch.arange(3), torch.full((len(recovery),), 3)])
    found = count_unknown_kinds(torch.ones(len(labels), 2), labels, 3, most=most)
    assert len(set(tried)) == len(tried)
    return found, len(tried)


@walked
@pytest.mark.parametrize("unknown", [1, 2, 3, 4, 5, 9, 26, 100])
def test_a_single_peak_is_found_with_few_trials(
    monkeypatch: pytest.MonkeyPatch, unknown: int
) -> None:
    for peak in range(1, unknown + 1):
        recovery = [1 / (1 + abs(kinds - peak)) for kinds in range(1, unknown + 1)]
        found, trials = searched(monkeypatch, recovery)
        assert found == peak
        assert trials <= 25


@pytest.mark.parametrize("most, found", [(1, 1), (4, 4), (9, 9), (10, 10), (11, 10)])
def test_there_are_no_more_kinds_than_unknown_items_or_than_asked_for(
    monkeypatch: pytest.MonkeyPatch, most: int, found: int
) -> None:
    assert searched(monkeypatch, [kinds / 10 for kinds in range(10)], most)[0] == found


def test_of_equally_good_numbers_the_smaller_is_followed_and_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert searched(monkeypatch, [0.2, 0.9, *[0.5] * 10])[0] == 2
    assert searched(monkeypatch, [0.5] * 12)[0] == 1


def test_the_best_of_all_that_were_tried_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert searched(monkeypatch, [0.9, *[kinds / 30 for kinds in range(20)]])[0] == 1


def best_by_hand(cluster: Tensor, labels: Tensor, k: int) -> float:
    names = cluster.unique().tolist()
    best, value = -1.0, 0.0
    for chosen in permutations(names, k):
        f1 = []
        for label, name in enumerate(chosen):
            both = ((labels == label) & (cluster == name)).sum()
            f1.append(2 * both / ((labels == label).sum() + (cluster == name).sum()))
        total = float(sum(f1))
        if total > best + 1e-9:
            best, value = total, float(torch.stack(f1).double().prod() ** (1 / k))
    return value


@walked
@pytest.mark.parametrize("seed", range(6))
def test_recovery_equals_trying_every_match(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.arange(4), torch.randint(4, (26,), generator=generator)])
    cluster = (labels + torch.randint(3, (30,), generator=generator)) % 6
    assert class_recovery(cluster, labels, 3) == pytest.approx(best_by_hand(cluster, labels, 3))


def test_recovery_of_whole_classes_is_one() -> None:
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert class_recovery(torch.tensor([4, 4, 1, 1, 0, 3]), labels, 2) == 1


def test_a_class_without_a_label_does_not_count() -> None:
    assert class_recovery(torch.tensor([0, 0, 1]), torch.tensor([1, 1, 3]), 3) == 1


def test_too_few_clusters_recover_nothing() -> None:
    assert class_recovery(torch.zeros(4, dtype=torch.int64), torch.tensor([0, 0, 1, 1]), 2) == 0


@pytest.mark.parametrize("labels", [[2, 2, 2], [0, 1, 2], [0, 0, 0]])
def test_few_answers(labels: list[int]) -> None:
    points = torch.eye(3)
    assert count_unknown_kinds(points, torch.tensor(labels), 2, most=5) == 1
