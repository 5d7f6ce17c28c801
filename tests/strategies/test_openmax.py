"""OpenMax as a strategy of purity."""

import numpy as np
import pytest
import torch

from openal import UNKNOWN, LabeledSet, Pool
from openal.functional import openmax
from openal.strategies import OpenMax
from openal.testing import check_strategy

RNG = np.random.default_rng(0)
CLASSES = np.arange(600) % 4 - 1
LOGITS = RNG.normal(size=(600, 3)) + 6 * np.eye(4)[CLASSES][:, :3]


def test_the_least_probable_unknown_comes_first() -> None:
    labeled = LabeledSet(600, 3)
    labeled.add(np.arange(300), CLASSES[:300])
    query = OpenMax().query(Pool(logits=LOGITS), labeled, 40, seed=0)
    known = np.flatnonzero(CLASSES[:300] >= 0)
    arrays = LOGITS[300:], LOGITS[known], CLASSES[known]
    unknown = openmax(*map(torch.from_numpy, arrays))[:, -1]
    assert query.indices.tolist() == (300 + unknown.argsort()[:40]).tolist()
    assert (CLASSES[query.indices] != UNKNOWN).mean() > 0.9
    assert query.purity is not None


@pytest.mark.long
def test_a_tail_of_its_own_passes_the_battery() -> None:
    check_strategy(OpenMax(alpha=1, tail=3, scale=2.0, shift=100.0))
