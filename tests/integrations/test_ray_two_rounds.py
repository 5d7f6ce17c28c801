"""TwoRoundKCenter: a 4-approximation whose parts are chosen where they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openal import Chain, LabeledSet, Pool
from openal.integrations.ray import RayEngine, TwoRoundKCenter
from openal.selection import KCenter
from openal.testing import check_strategy
from openal.view import Blocks
from tests.integrations.ray_cluster import real


def asked(stage: Any, z: np.ndarray, labeled: LabeledSet, engine: Any = None) -> list[int]:
    pool = Pool(embeddings=z).with_engine(engine or Blocks())
    return Chain(stage).query(pool, labeled, 10, seed=0, progress=False).indices.tolist()


def radius(z: np.ndarray, labeled: LabeledSet, chosen: list[int]) -> float:
    """How far the farthest item is from the nearest chosen or answered one."""
    centers = torch.from_numpy(z[[*chosen, *labeled.known_indices, *labeled.unknown_indices]])
    return float(torch.cdist(torch.from_numpy(z), centers).min(dim=1).values.max())


def problem(seed: int) -> tuple[np.ndarray, LabeledSet]:
    rng = np.random.default_rng(seed)
    labeled = LabeledSet(200, 2)
    labeled.add(range(4), [0, 1, -1, 0])
    return rng.normal(size=(200, 3)).astype(np.float32), labeled


def test_one_part_is_k_center() -> None:
    z, labeled = problem(0)
    assert asked(TwoRoundKCenter(), z, labeled) == asked(KCenter("embeddings"), z, labeled)


@pytest.mark.parametrize("seed", range(5))
def test_the_radius_is_within_the_bound(seed: int) -> None:
    z, labeled = problem(seed)
    exact = radius(z, labeled, asked(KCenter("embeddings"), z, labeled))
    # No choice reaches less than the best one, which reaches no more than the greedy one.
    found = radius(z, labeled, asked(TwoRoundKCenter(part_rows=25), z, labeled))
    assert found <= 4 * exact


def test_a_factor_hands_on_a_core_set() -> None:
    z, labeled = problem(1)
    chain = Chain(TwoRoundKCenter(factor=3, part_rows=50), KCenter("embeddings"))
    query = chain.query(Pool(embeddings=z), labeled, 10, seed=0, progress=False)
    assert len(query.steps[0].rows) == 30
    assert query.diagnostics[0]["core_set"] == 120


@pytest.mark.long
def test_a_chain_with_it_passes_the_battery() -> None:
    check_strategy(Chain(TwoRoundKCenter()))


@pytest.mark.long
def test_workers_choose_what_one_process_chooses(
    shared_data: Callable[[str], Path], ray: Any
) -> None:
    z, labeled = real(shared_data)
    stage = TwoRoundKCenter(part_rows=300)
    assert asked(stage, z, labeled, RayEngine()) == asked(stage, z, labeled)
