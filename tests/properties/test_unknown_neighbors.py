"""One more answer UNKNOWN makes no item purer, by each rule of purity of which that is true.

It is true of neighbors, and wherever the answer is: among the k nearest it takes the place of the
last, and with fewer than k answers there is one more to share with. It need not be true where the
answers decide how the candidates are measured: where a scale is tuned on them, where they are
clustered or weighted by their number, where a Gaussian is fitted to them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from openal import purity
from openal.functional.scaling import TIE_WEIGHT
from openal.informativeness import Margin
from openal.labeled import UNKNOWN
from openal.parts import reads_of
from openal.view import Score
from tests.properties.plans import OPEN, Plan, percent, plans

NEIGHBORS: dict[str, Callable[[int], Score]] = {
    rule: lambda k, rule=rule: purity.KnownNeighbors(k, rule=rule)  # type: ignore[misc]
    for rule in ("count", "majority", "all")
}
"""By the share of known among the k nearest: it never rises. The score may, by less than a hair,
since among equal shares the nearer goes first, and the item that comes may be nearer."""

UNMOVED: dict[str, Score] = {
    "ActivationMixture": purity.ActivationMixture(),
    "CLIPPurity": purity.CLIPPurity(),
    "CLIPNPurity, not tuned": purity.CLIPNPurity(tune=False),
    "Certainty": purity.Certainty(),
    "ClassGaussians": purity.ClassGaussians(),
    "ClosedSetCertainty": purity.ClosedSetCertainty(),
    "EnergyPurity": purity.EnergyPurity(),
    "LargestActivation": purity.LargestActivation(),
    "NearestKnown": purity.NearestKnown(),
    "OpenMaxPurity": purity.OpenMaxPurity(),
    "PredictedKnown": purity.PredictedKnown(Margin()),
    "PrototypePurity": purity.PrototypePurity(),
    "SemanticGate": purity.SemanticGate(),
}
"""They learn from the known answers, or from none: among the same candidates nothing moves."""

MAY_RISE: dict[str, Score] = {
    "CLIPNPurity": purity.CLIPNPurity(),  # another scale
    "DistanceEntropy": purity.DistanceEntropy(),  # other clusters of the unknown
    "EpistemicMixture": purity.EpistemicMixture(neighbors=3),  # each UNKNOWN weighs less
    "EvidenceShare": purity.EvidenceShare(),  # other bells
    "MahalanobisPurity": purity.MahalanobisPurity(),  # other Gaussians of the unknown
}
"""Of these it is not true, for the reason that stands beside each."""


@dataclass(frozen=True)
class Case:
    """A world with two more open items, its first and its last; the one is about to be answered."""

    plan: Plan
    first: bool  # which of the two
    beside: bool  # whether it is at the place of the other

    def scores(self, score: Score, label: int | None) -> Tensor:
        """Of the open items but that one, when it has this answer, or none."""
        plan = replace(self.plan, labels=(OPEN, *self.plan.labels, OPEN))
        rows = np.arange(len(plan))
        told, other = rows[[0, -1]] if self.first else rows[[-1, 0]]
        rows[told] = other if self.beside else told
        world = plan.world().taking(rows)
        candidates = np.setdiff1d(world.labeled.unlabeled_indices, [told])
        if label is not None:
            world = world.answered({**world.answers, int(told): label})
        view = world.pool.view(world.labeled, reads=reads_of(score), candidates=candidates)
        return score(view).double()


cases = st.builds(Case, plans(), st.booleans(), st.booleans())


@pytest.mark.parametrize("rule", NEIGHBORS)
@percent(25)
@given(case=cases, k=st.integers(1, 12))
def test_an_unknown_answer_raises_no_share_of_known_neighbors(
    rule: str, case: Case, k: int
) -> None:
    score = NEIGHBORS[rule](k)
    assert (case.scores(score, UNKNOWN) <= case.scores(score, None) + TIE_WEIGHT / 2).all()


@pytest.mark.parametrize("rule", NEIGHBORS)
@percent(10)
@given(case=cases, k=st.integers(1, 12))
def test_a_known_answer_lowers_no_share_of_known_neighbors(rule: str, case: Case, k: int) -> None:
    score = NEIGHBORS[rule](k)
    assert (case.scores(score, 0) >= case.scores(score, None) - TIE_WEIGHT / 2).all()


@pytest.mark.parametrize("name", UNMOVED)
@percent(6)
@given(case=cases)
def test_an_unknown_answer_moves_no_score_that_learns_from_known_ones(
    name: str, case: Case
) -> None:
    assume(max(case.plan.labels) >= 0)  # before any known answer some draw, in each round anew
    before, after = (case.scores(UNMOVED[name], label) for label in (None, UNKNOWN))
    assert torch.equal(before, after)


@pytest.mark.parametrize("name", MAY_RISE)
def test_of_the_others_it_is_not_true(name: str) -> None:
    def rises(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        labels = rng.choice([OPEN, UNKNOWN, 0, 1, 2], size=8 + seed % 8).tolist()
        case = Case(Plan((*labels,), num_classes=3, dimensions=4, seed=seed), True, True)
        before, after = (case.scores(MAY_RISE[name], label)[-1] for label in (None, UNKNOWN))
        return bool(after > before + 1e-3)

    assert any(rises(seed) for seed in range(200))


def test_every_purity_is_in_one_of_the_tables() -> None:
    listed = {name.split(",")[0] for name in (*UNMOVED, *MAY_RISE)}
    by_texts = {"NegativeLabels", "negative_labels", "PromptMargin"}  # reads no answers at all
    # Read what is learned from all answers: a detector, a kernel, a calibration.
    by_learners = {"KnownProbability", "DetectorProbability", "KernelShare", "TextShare"}
    assert listed | by_texts | by_learners | {"KnownNeighbors"} == {*purity.__all__}
