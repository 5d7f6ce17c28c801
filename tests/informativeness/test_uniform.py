"""Every candidate teaches equally much."""

import numpy as np
import torch

from openal.informativeness import Uniform
from openal.labeled import LabeledSet
from openal.pool import Pool

VIEW = Pool(embeddings=np.zeros((2000, 1))).view(LabeledSet(2000, 2), reads=(), seed=1)


def test_numbers_are_uniform() -> None:
    found = Uniform()(VIEW)
    assert found.dtype == torch.float64
    assert ((found >= 0) & (found < 1)).all()
    assert abs(found.mean() - 0.5) < 0.02
    assert abs(found.std() - 12**-0.5) < 0.01
    assert len(found.unique()) == 2000


def test_a_number_belongs_to_the_candidate_wherever_it_stands() -> None:
    order = torch.randperm(2000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Uniform()(VIEW.at(order)), Uniform()(VIEW)[order])
