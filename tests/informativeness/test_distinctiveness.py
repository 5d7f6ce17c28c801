"""CCAL's distinctive score against a loop over candidates and classes."""

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.functional.distinctiveness import anchor_agreement
from openal.functional.scaling import unit_range
from openal.informativeness import Distinctiveness, distinctiveness
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.selection import NearestClass
from openal.view import Blocks, View
from tests.walking import walked

ANSWERS = {1: 0, 5: 2, 6: 0, 9: UNKNOWN, 14: 2, 15: 2, 3: 1}  # class 1 has one item, 3 none


def view_of(z: np.ndarray, answers: dict[int, int], rows: int | None = None) -> View:
    labeled = LabeledSet(len(z), 4)
    labeled.add(list(answers), list(answers.values()))
    pool = Pool(embeddings=z, other=z[:, ::-1] ** 3).with_engine(Blocks(rows))
    return pool.view(labeled, reads=("embeddings", "other"))


def by_loop(z: np.ndarray, groups: list[int], answers: dict[int, int]) -> list[float]:
    open_ = [row for row in range(len(z)) if row not in answers]
    found = []
    for own, group in enumerate(groups):
        anchors = z[[index for index, label in answers.items() if label == group]]
        values = anchor_agreement(torch.tensor(z[open_]), torch.tensor(anchors)).tolist()
        span = max(values) - min(values)
        found.append(1 - (values[own] - min(values)) / span if span else 1.0)
    return found


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["plain", "twice", "alike"])
def test_against_the_loop(seed: int, kind: str) -> None:
    z = np.random.default_rng(seed).normal(size=(40, 5))
    z = {"plain": z, "twice": z[np.arange(40) // 2], "alike": z[np.zeros(40, int)]}[kind]
    view, groups = view_of(z, ANSWERS), NearestClass()
    expected = by_loop(z, groups(view).tolist(), ANSWERS)
    assert Distinctiveness(groups)(view).tolist() == pytest.approx(expected, abs=1e-9)
    other = Distinctiveness(groups, embeddings="other")(view)
    expected = by_loop(z[:, ::-1] ** 3, groups(view).tolist(), ANSWERS)
    assert other.tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.long
def test_blocks_of_rows_or_of_classes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.random.default_rng(0).normal(size=(40, 5))
    score = Distinctiveness(NearestClass())
    expected = score(view_of(z, ANSWERS))
    assert torch.equal(score(view_of(z, ANSWERS, 1)), expected)
    monkeypatch.setattr(distinctiveness, "COLUMN_BYTES", 1)
    assert torch.equal(score(view_of(z, ANSWERS)), expected)


def test_without_known_answers_all_are_1() -> None:
    scores = Distinctiveness(NearestClass())(view_of(np.eye(5), {2: UNKNOWN}))
    assert scores.tolist() == [1.0] * 4


def test_groups_are_a_function() -> None:
    with pytest.raises(ArgumentError, match="groups must be a function"):
        Distinctiveness(NearestClass)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("copies", [1, 3])
def test_what_is_left_out_changes_no_bit(dtype: type, copies: int) -> None:
    rng = np.random.default_rng(copies)
    z = rng.normal(size=(60, 12)).astype(dtype)[np.arange(180) // copies % 60]
    answers = {3 * index: int(rng.integers(4)) for index in range(50)}
    view, groups = view_of(z, answers), NearestClass()
    score, group = Distinctiveness(groups)(view), groups(view)
    anchors = [view.known["embeddings"][view.labels == label] for label in range(4)]
    every = [anchor_agreement(view.pool["embeddings"], items).double() for items in anchors]
    expected = torch.stack([1 - unit_range(values) for values in every])
    assert torch.equal(score, expected[group, torch.arange(len(group))])


def test_few_agreements_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(queries: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
        seen.append(len(queries))
        return anchor_agreement(queries, anchors)

    monkeypatch.setattr(distinctiveness, "anchor_agreement", counted)
    z = np.random.default_rng(0).normal(size=(400, 8))
    view = view_of(z, {index: index % 4 for index in range(80)})
    Distinctiveness(NearestClass())(view)
    assert sum(seen) <= len(view.pool) + 2 * 4  # of 4 times as many: each class's least and most
