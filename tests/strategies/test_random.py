"""The baseline draws without replacement, every item equally often."""

from collections import Counter

import numpy as np
import pytest

from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.strategies import Random

POOL = Pool(embeddings=np.zeros((10, 1)))


def test_every_item_is_drawn_equally_often() -> None:
    labeled = LabeledSet(10, 2)
    drawn = Counter(i for seed in range(400) for i in Random().query(POOL, labeled, 3, seed=seed))
    assert sum(drawn.values()) == 1200
    assert all(80 < drawn[index] < 160 for index in range(10))


@pytest.mark.long
def test_every_first_place_is_drawn_equally_often() -> None:
    labeled = LabeledSet(10, 2)
    firsts = Counter(Random().query(POOL, labeled, 1, seed=s).indices[0] for s in range(400))
    assert all(15 < firsts[index] < 70 for index in range(10))


def test_another_round_draws_others_under_the_same_seed() -> None:
    labeled = LabeledSet(10, 2)
    first = Random().query(POOL, labeled, 10, seed=0)
    labeled.add(first.indices[:1], [0])
    second = Random().query(POOL, labeled, 9, seed=0)
    assert first.indices[1:].tolist() != second.indices.tolist()


def test_nothing_is_read() -> None:
    assert Random().reads == ()
