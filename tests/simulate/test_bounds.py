"""Perfect purity: a bound that a simulation alone can ask."""

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import LabeledSet, Pool
from openal.errors import ArgumentError
from openal.selection import Top
from openal.simulate import LabeledData, OpenSetSplit, PerfectPurity, simulate
from openal.simulate.bounds import BOUNDS
from openal.view import View

TRUTH = np.array([0, -1, 1, -1, 0, 1, -1, 1])


def asked(bound: PerfectPurity, budget: int) -> list[int]:
    pool, labeled = Pool(embeddings=np.eye(8)), LabeledSet(8, 2)
    return list(bound.knowing(TRUTH).query(pool, labeled, budget, seed=0))


def by_index(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices.astype(float))


def test_it_asks_about_known_items_only() -> None:
    assert {*asked(PerfectPurity(), 3)} < {0, 2, 4, 5, 7}


def test_a_stage_chooses_among_the_known_items() -> None:
    assert asked(PerfectPurity(then=Top(by_index)), 3) == [7, 5, 4]


def test_once_they_are_answered_it_asks_the_rest() -> None:
    found = asked(PerfectPurity(), 7)
    assert len({*found}) == 7 and {*found} > {0, 2, 4, 5, 7}


def test_outside_of_a_simulation_it_is_refused() -> None:
    with pytest.raises(ArgumentError, match="it knows the answers"):
        PerfectPurity().query(Pool(embeddings=np.eye(8)), LabeledSet(8, 2), 3)


def test_what_follows_must_be_a_stage() -> None:
    with pytest.raises(ArgumentError, match="then must be a stage"):
        PerfectPurity(then=7)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BOUNDS)
def test_a_simulation_gives_it_the_truth(
    name: str, blobs: LabeledData, split: OpenSetSplit
) -> None:
    run = simulate(BOUNDS[name], blobs, split, rounds=2, budget=8, progress=False)
    assert run.precision == (1.0, 1.0)
