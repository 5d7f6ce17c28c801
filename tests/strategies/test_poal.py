"""POAL asks for what is unsure and known at once."""

import numpy as np

from openal.functional import entropy
from openal.pool import Pool
from openal.purity import ClassGaussians
from openal.strategies import POAL, Random
from openal.testing import world


def test_both_sums_are_above_those_of_a_random_query() -> None:
    made = world(1, size=300)
    pool = Pool(logits=made.signals["logits"], features=made.signals["features"])
    view = pool.view(made.labeled, reads=("features", "logits"))
    place = {index: row for row, index in enumerate(view.pool.indices.tolist())}
    scores = np.stack([entropy(view.pool["logits"]), ClassGaussians()(view)], axis=1)
    found = POAL().query(pool, made.labeled, 20, seed=0)
    sums = scores[[place[i] for i in found]].mean(axis=0)
    assert (sums > scores.mean(axis=0)).all()
    random = Random().query(pool, made.labeled, 20, seed=0)
    assert (sums > scores[[place[i] for i in random]].mean(axis=0)).all()


def test_the_best_of_both_comes_first() -> None:
    made = world(2)
    query = POAL().query(made.pool, made.labeled, 8, seed=0)
    assert query.scores is not None
    assert query.scores.tolist() == sorted(query.scores.tolist(), reverse=True)
