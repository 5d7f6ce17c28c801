"""The share of known classes among the nearest answered items."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors

# Along a quarter circle: candidates 0..2 at 0, 40 and 90 degrees, answered ones between them.
DEGREES = np.radians([0.0, 40, 90, 5, 35, 45, 85])
Z = np.stack([np.cos(DEGREES), np.sin(DEGREES)], axis=1)


def scores(part: KnownNeighbors, answers: dict[int, int], z: np.ndarray = Z, seed: int = 0) -> Any:
    labeled = LabeledSet(len(z), 2)
    labeled.add(list(answers), list(answers.values()))
    view = Pool(embeddings=z).view(labeled, reads=part_reads(part), seed=seed)
    found: Tensor = part(view)
    return found


def part_reads(part: KnownNeighbors) -> tuple[str, ...]:
    return (part.embeddings,)


MIXED = {3: 0, 4: 1, 5: UNKNOWN, 6: UNKNOWN}


def test_the_share_of_known_neighbors() -> None:
    assert scores(KnownNeighbors(k=2), MIXED).tolist() == pytest.approx([1, 0.5, 0], abs=1e-8)
    assert scores(KnownNeighbors(k=1), MIXED).tolist() == pytest.approx([1, 1, 0], abs=1e-8)
    third = scores(KnownNeighbors(k=3), MIXED).tolist()
    assert third == pytest.approx([2 / 3, 2 / 3, 1 / 3], abs=1e-8)


def test_scores_are_double_precision() -> None:
    assert scores(KnownNeighbors(), MIXED).dtype == torch.float64


def test_half_known_is_not_mostly_known() -> None:
    found = scores(KnownNeighbors(k=2), MIXED)
    assert found[1] < 0.5
    alike = scores(KnownNeighbors(k=2), {3: 0, 4: UNKNOWN}, np.tile([[3.0, 0.1]], (7, 1)))
    assert (alike <= 0.5).all()


def test_majority_raises_and_all_halves() -> None:
    answers = {3: 0, 4: 1, 5: UNKNOWN}
    z = Z.copy()
    shares = {k: scores(KnownNeighbors(k), answers, z)[0].item() for k in (2, 3)}
    assert shares == pytest.approx({2: 1, 3: 2 / 3}, abs=1e-8)
    majority = scores(KnownNeighbors(3, rule="majority"), answers, z)[0]
    every = scores(KnownNeighbors(3, rule="all"), answers, z)[0]
    assert majority.item() == pytest.approx(1, abs=1e-8)
    assert every.item() == pytest.approx(1 / 3, abs=1e-8)
    assert scores(KnownNeighbors(2, rule="all"), answers, z)[0].item() == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("rule", ["count", "majority", "all"])
def test_above_one_half_is_known_by_the_rule(rule: Any) -> None:
    found = scores(KnownNeighbors(4, rule=rule), {3: 0, 4: 1, 5: 1, 6: UNKNOWN})
    assert ((found > 0.5) == (rule != "all")).all()


def test_equal_shares_are_in_random_order() -> None:
    orders = {
        tuple(scores(KnownNeighbors(k=1), {3: 0, 6: 1}, seed=seed).argsort().tolist())
        for seed in range(40)
    }
    assert len(orders) > 20  # of the 120 of five candidates


def test_a_seed_draws_the_same_order_again() -> None:
    found = [scores(KnownNeighbors(k=1), {3: 0, 6: 1}, seed=7) for _ in range(2)]
    assert torch.equal(*found)


def test_skipped_items_are_no_neighbors() -> None:
    with_skipped = scores(KnownNeighbors(k=2), {**MIXED, 1: SKIPPED})
    assert with_skipped.tolist() == pytest.approx([1, 0], abs=1e-8)


def test_k_is_at_most_the_number_of_answers() -> None:
    assert torch.equal(scores(KnownNeighbors(k=4), MIXED), scores(KnownNeighbors(k=99), MIXED))


def test_before_the_first_unknown_the_nearer_to_the_known_come_first_if_so_asked() -> None:
    found = scores(KnownNeighbors(k=1, tie_break="nearest"), {3: 0})
    assert (found > 0.5).all()
    assert found.argsort(descending=True).tolist() == [0, 3, 1, 4, 5, 2]


@pytest.mark.parametrize("answers", [{}, {3: SKIPPED}])
def test_before_any_answer_all_are_equal_in_random_order(answers: Any) -> None:
    first, again, other = (scores(KnownNeighbors(), answers, seed=seed) for seed in (0, 0, 1))
    assert first.tolist() == pytest.approx([0.5] * len(first), abs=1e-8)
    assert (first <= 0.5).all()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_row_of_zeros_is_near_nobody() -> None:
    z = Z.copy()
    z[0] = 0
    found = scores(KnownNeighbors(k=1, tie_break="nearest"), {3: 0, 6: 0}, z)
    assert found.isfinite().all()
    assert found.argmin() == 0


def test_other_embeddings_may_be_read() -> None:
    part = KnownNeighbors(k=1, embeddings="clip")
    labeled = LabeledSet(7, 2)
    labeled.add([3], [0])
    view = Pool(clip=Z).view(labeled, reads=("clip",))
    assert part(view)[0].item() == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": True}, {"k": 2.0}, {"rule": "most"}, {"tie_break": "far"}]
)
def test_options_that_cannot_be_are_refused(options: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^(k|rule|tie_break) must be"):
        KnownNeighbors(**options)
