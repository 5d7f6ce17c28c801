"""The higher of two Gaussians of aleatoric energies."""

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool
from openal.functional import aleatoric_energy, mixture_posterior
from openal.informativeness import AleatoricMixture
from openal.view import View

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(50, 3)) + 8 * np.eye(3)[np.arange(50) % 3] * (RNG.random((50, 1)) < 0.6)


def view(logits: np.ndarray = LOGITS) -> View:
    labeled = LabeledSet(len(logits), logits.shape[1])
    return Pool(logits=logits).view(labeled, reads=("logits",))


def test_it_is_the_posterior_of_the_higher() -> None:
    energy = aleatoric_energy(torch.from_numpy(LOGITS))
    share = (energy - energy.min()) / (energy.max() - energy.min())
    expected = mixture_posterior(share, torch.zeros(50).long(), 1)
    torch.testing.assert_close(AleatoricMixture()(view()), expected, atol=2e-9, rtol=0)


def test_the_torn_come_first() -> None:
    found = AleatoricMixture()(view(np.array([[9.0, 0.0], [8.9, 0.0], [0.1, 0.0], [0.0, 0.0]])))
    assert found[:2].max() < 0.1 < 0.9 < found[2:].min()


def test_equal_posteriors_go_to_the_higher_energy() -> None:
    assert len(AleatoricMixture()(view()).unique()) == 50


def test_a_narrower_view_gathers_from_the_first() -> None:
    first, rows = view(), torch.arange(0, 50, 7)
    found = AleatoricMixture()(first)
    assert AleatoricMixture()(first.at(rows)).equal(found[rows])
    assert not AleatoricMixture()(view().at(rows)).equal(found[rows])


@pytest.mark.parametrize("logits", [np.ones((4, 1)), np.zeros((4, 3))])
def test_where_all_are_torn_alike_nothing_is_told(logits: np.ndarray) -> None:
    assert AleatoricMixture()(view(logits)).tolist() == pytest.approx([0.5] * 4)
