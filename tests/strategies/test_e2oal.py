"""E2OAL asks at the precision that is asked for."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from openal.errors import ArrayError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.strategies import E2OAL

PIXELS, DIGITS = load_digits(return_X_y=True)
TRUTH = np.where(DIGITS < 4, DIGITS, UNKNOWN)


def precision(strategy: E2OAL, rounds: int = 4) -> float:
    """The mean share of known answers to a few queries about digits."""
    pool, labeled = Pool(embeddings=PIXELS / 16), LabeledSet(len(TRUTH), 4)
    labeled.add(range(150), TRUTH[:150])
    found = []
    for _ in range(rounds):
        query = strategy.query(pool, labeled, 40, seed=0, progress=False)
        labeled.begin_round(query)
        labeled.add(query.indices, TRUTH[query.indices])
        found.append((TRUTH[query.indices] >= 0).mean())
    return float(np.mean(found))


@pytest.mark.long
@pytest.mark.parametrize("wanted", [0.3, 0.6, 0.9])
def test_the_precision_is_what_was_asked_for(wanted: float) -> None:
    assert precision(E2OAL(wanted)) == pytest.approx(wanted, abs=0.12)


def test_the_target_is_told() -> None:
    pool, labeled = Pool(embeddings=PIXELS / 16), LabeledSet(len(TRUTH), 4)
    query = E2OAL().query(pool, labeled, 5, seed=0)
    assert query.diagnostics["target_precision"] == 0.6
    assert query.purity is not None and query.informativeness is not None


def test_refuses_evidence_for_the_known_alone() -> None:
    pool = Pool(logits=np.zeros((9, 3)), evidence_logits=np.zeros((9, 3)))
    with pytest.raises(ArrayError, match="evidence_logits"):
        E2OAL().query(pool, LabeledSet(9, 3), 2, seed=0)
