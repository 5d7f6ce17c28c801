"""The first query of all, before any answer: a draw, not the far end of a random direction."""

from typing import Any

import numpy as np
import pytest

from openal import LabeledSet, Pool
from openal.learners import EmbeddingClassifier
from openal.strategies import BALD, EAOA, EOAL, JSOSAL, NEAT, PAL, POAL, LearningLoss, LfOSA

HALVES = np.repeat([-3.0, 3.0], 30)
Z = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
Z[:, 0] += HALVES
POOL = Pool(embeddings=Z, features=Z, logits=EmbeddingClassifier())
STRATEGIES = (BALD, EAOA, EOAL, JSOSAL, LearningLoss, LfOSA, NEAT, PAL, POAL)


@pytest.mark.long
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_first_query_is_of_all_parts_of_the_pool(strategy: Any) -> None:
    queries = [strategy().query(POOL, LabeledSet(60, 3), 10, seed=seed) for seed in range(4)]
    upper = [int((HALVES[query.indices] > 0).sum()) for query in queries]
    assert min(upper) >= 1
    assert max(upper) <= 9
    assert len({tuple(query) for query in queries}) == 4
