"""The energy of the logits, turned round."""

import numpy as np
import torch
from scipy.special import logsumexp

from openal import LabeledSet, Pool
from openal.purity import EnergyPurity


def test_larger_logits_are_more_known() -> None:
    z = np.random.default_rng(0).normal(size=(20, 4))
    view = Pool(other=z).view(LabeledSet(20, 4), reads=("other",))
    found = EnergyPurity(logits="other")(view)
    torch.testing.assert_close(found, torch.from_numpy(logsumexp(z, axis=1)))


def test_a_constant_on_all_logits_counts() -> None:
    z = np.array([[1.0, 0.0], [3.0, 2.0]])
    found = EnergyPurity()(Pool(logits=z).view(LabeledSet(2, 2), reads=("logits",)))
    assert found.diff().item() == 2
