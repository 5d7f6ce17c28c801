"""The stage hands the candidates' samples to `functional.batch_bald`."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.functional import batch_bald
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection import JointInformation

MC = (np.random.default_rng(0).normal(size=(20, 4, 3)) * 3).astype("f4")


def view(seed: int = 0) -> Any:
    labeled = LabeledSet(20, 3)
    labeled.add([0, 1], [0, -1])
    return Pool(mc_logits=MC).view(labeled, reads=("mc_logits",), seed=seed)


def test_the_rows_are_those_of_the_function() -> None:
    step = JointInformation()(view(), 5)
    rows, gains = batch_bald(torch.tensor(MC[2:]), 5)
    assert step.kept.tolist() == (rows + 2).tolist()
    assert step.scores is None
    assert step.n_filled == 0
    assert gains.min() > 0


def test_what_is_learnt_and_what_is_filled_up_are_told() -> None:
    mc_logits = np.random.default_rng(0).normal(size=(80, 2, 3)) * 3
    seen = Pool(mc_logits=mc_logits).view(LabeledSet(80, 3), reads=("mc_logits",))
    step = JointInformation()(seen, 99)
    assert sorted(step.kept.tolist()) == list(range(80))
    assert 0 < step.n_filled < 79
    assert seen.notes["batch_information"] == pytest.approx(np.log(2), abs=1e-3)


def test_the_seed_decides_where_configurations_are_drawn() -> None:
    stage = JointInformation(configurations=2)
    kept = {tuple(stage(view(seed), 8).kept.tolist()) for seed in range(9)}
    assert len(kept) > 1
    assert stage(view(3), 8).kept.tolist() == stage(view(3), 8).kept.tolist()


def test_configurations_are_counted() -> None:
    with pytest.raises(ArgumentError, match="configurations"):
        JointInformation(configurations=0)
