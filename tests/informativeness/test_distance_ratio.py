"""DistanceRatio: what of quotient and energy decides, and where there are too few answers."""

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.functional import distance_ratio, energy
from openal.informativeness import DistanceRatio
from openal.parts import reads_of

# Two classes at 0 and 10, of four answers each; the candidates stand between them.
ANSWERED = np.array([0.0, 0.5, 1.0, 1.5, 8.5, 9.0, 9.5, 10.0])
PLACES = np.concatenate([ANSWERED, [0.2, 3.0, 4.9, 6.0, 9.9]])
LOGITS = np.stack([5 - PLACES, PLACES - 5], axis=1)
POOL = Pool(features=PLACES[:, None], logits=LOGITS)
CANDIDATES = torch.from_numpy(LOGITS[8:])


def answers(**labels: list[int]) -> LabeledSet:
    labeled = LabeledSet(len(PLACES), 2)
    for name, indices in labels.items():
        label = {"first": 0, "second": 1, "unknown": UNKNOWN}[name]
        labeled.add(indices, [label] * len(indices))
    return labeled


BOTH = answers(first=[0, 1, 2, 3], second=[4, 5, 6, 7])


def scores(part: DistanceRatio, labeled: LabeledSet, kept: int = 5) -> Tensor:
    return part(POOL.view(labeled, reads=reads_of(part)))[-kept:]


def test_without_energy_it_is_the_quotient() -> None:
    found = scores(DistanceRatio(energy=False), BOTH)
    z, labels = torch.from_numpy(ANSWERED[:, None]), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    best = CANDIDATES.argmax(dim=1)
    assert found.equal(distance_ratio(torch.from_numpy(PLACES[8:, None]), best, z, labels))
    assert int(found.argmax()) == 2  # the one between the classes


def test_the_energy_counts_as_much_as_the_mean_quotient_of_the_answers() -> None:
    view = POOL.view(BOTH, reads=("features", "logits"))
    found = DistanceRatio()(view)
    # Of two answers that are equally near the first counts: 0.0 of 0.5, 8.5 of 9.0.
    weight = np.mean([0.5 / away for away in (8.0, 8.5, 8.0, 7.5, 7.5, 7.0, 7.5, 8.0)])
    assert view.notes["energy_weight"] == pytest.approx(weight)
    quotient = scores(DistanceRatio(energy=False), BOTH)
    expected = weight * energy(CANDIDATES) + (1 - weight) * quotient
    torch.testing.assert_close(found, expected)


def test_where_classes_overlap_the_energy_decides_alone() -> None:
    mixed = answers(first=[0, 2, 5, 7], second=[1, 3, 4, 6])
    view = POOL.view(mixed, reads=("features", "logits"))
    assert DistanceRatio()(view).equal(energy(CANDIDATES))
    assert view.notes["energy_weight"] == 1


@pytest.mark.parametrize(
    "labeled", [answers(), answers(unknown=[4]), answers(first=[0, 1]), answers(first=[0])]
)
def test_before_two_classes_have_answers(labeled: LabeledSet) -> None:
    found = scores(DistanceRatio(), labeled)
    assert found.equal(energy(CANDIDATES))
    drawn = scores(DistanceRatio(energy=False), labeled)
    assert drawn.unique().numel() == 5
    assert float(drawn.max() - drawn.min()) < 1e-6


def test_one_answer_each_has_quotients_but_no_mean_of_its_own() -> None:
    labeled = answers(first=[3], second=[4])
    assert scores(DistanceRatio(), labeled).equal(energy(CANDIDATES))
    assert int(scores(DistanceRatio(energy=False), labeled).argmax()) in (1, 2, 3)


def test_unknown_answers_do_not_matter() -> None:
    labeled = answers(first=[0, 1, 2, 3], second=[4, 5, 6, 7], unknown=[9])
    found = scores(DistanceRatio(), labeled, kept=4)
    assert found.equal(scores(DistanceRatio(), BOTH)[[0, 2, 3, 4]])


def test_the_rarer_class_goes_first_when_balanced() -> None:
    labeled = answers(first=[0, 1, 2, 3], second=[6, 7])
    gains = scores(DistanceRatio(balanced=True), labeled) - scores(DistanceRatio(), labeled)
    first, second = gains[CANDIDATES.argmax(dim=1) == 0], gains[CANDIDATES.argmax(dim=1) == 1]
    assert first.max() < 0 < second.min()
    torch.testing.assert_close(second[0], -first[0])  # 4 and 2 of 6: 1/3 above, 1/3 below
    even = scores(DistanceRatio(balanced=True), BOTH)
    torch.testing.assert_close(even, scores(DistanceRatio(), BOTH))
