"""ProbCover on made-up crowds."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.selection.cover import Cover
from openal.strategies.probcover import ProbCover


def crowds(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions around six axes: forty items in the first crowd, five less in each next one."""
    rng = np.random.default_rng(seed)
    crowd = rng.permutation(np.repeat(np.arange(6), [40, 35, 30, 25, 20, 15]))
    return np.eye(6)[crowd] + 0.05 * rng.normal(size=(165, 6)), crowd


def stars(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same crowds, each around one item that is nearer to all than these to each other."""
    rng = np.random.default_rng(seed)
    crowd = rng.permutation(np.repeat(np.arange(6), [40, 35, 30, 25, 20, 15]))
    first = np.array([int(np.flatnonzero(crowd == c)[0]) for c in range(6)])
    z = np.hstack([np.eye(6)[crowd], 0.3 * np.eye(165)])
    z[first, 6:] = 0
    return z, crowd, first


@pytest.mark.parametrize("seed", range(3))
def test_the_middles_of_the_crowds_in_the_order_of_their_size(seed: int) -> None:
    z, _, middles = stars(seed)
    query = ProbCover(delta=0.35).query(Pool(embeddings=z), LabeledSet(165, 2), 6)
    assert query.indices.tolist() == middles.tolist()
    assert query.scores is not None
    assert query.scores.tolist() == [40, 35, 30, 25, 20, 15]
    names = np.random.default_rng(seed).permutation(165)
    pool = Pool(embeddings=z[np.argsort(names)])
    renamed = ProbCover(delta=0.35).query(pool, LabeledSet(165, 2), 6)
    assert renamed.indices.tolist() == names[middles].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_an_estimated_radius_finds_every_crowd(seed: int) -> None:
    z, crowd = crowds(seed)
    query = ProbCover(num_clusters=6).query(Pool(embeddings=z), LabeledSet(165, 2), 6, seed=seed)
    assert {*crowd[query.indices].tolist()} == {0, 1, 2, 3, 4, 5}
    assert 0.5 < query.diagnostics["delta"] < 1.42


def test_crowds_with_an_answer_are_left_out() -> None:
    z, crowd = crowds(0)
    labeled = LabeledSet(165, 2)
    labeled.add([int(np.flatnonzero(crowd == c)[0]) for c in (0, 3)], [1, UNKNOWN])
    query = ProbCover(delta=0.6).query(Pool(embeddings=z), labeled, 4)
    assert crowd[query.indices].tolist() == [1, 2, 4, 5]


@pytest.mark.parametrize("delta", [0.0, 0.6, 2.0])
def test_every_radius_spends_the_budget(delta: float) -> None:
    z, _ = crowds(0)
    query = ProbCover(delta=delta).query(Pool(embeddings=z), LabeledSet(165, 2), 50)
    assert len({*query}) == 50
    assert query.n_filled == {0.0: 0, 0.6: 44, 2.0: 49}[delta]


def test_the_stage_gets_the_options() -> None:
    assert ProbCover(0.5, purity=0.9, num_clusters=7, embeddings="clip").stages == (
        Cover(0.5, purity=0.9, num_clusters=7, embeddings="clip"),
    )
    assert ProbCover(embeddings="clip").reads == ("clip",)


@pytest.mark.parametrize("options", [{"delta": -1}, {"purity": "1"}, {"num_clusters": 0}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        ProbCover(**options)
