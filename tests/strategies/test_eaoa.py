"""EAOA: pure within each predicted class, then torn within each."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.informativeness import AleatoricMixture
from openal.learners import EmbeddingClassifier
from openal.purity import EpistemicMixture
from openal.strategies import EAOA
from openal.testing import check_strategy

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = PIXELS / 16, np.where(DIGITS < 4, DIGITS, UNKNOWN)
RNG = np.random.default_rng(0)
N = 300
SIGNALS: dict[str, Any] = {
    "logits": RNG.normal(size=(N, 3)),
    "detector_logits": 2 * RNG.normal(size=(N, 4)),
    "detector_features": RNG.normal(size=(N, 8)),
}


def answered(rounds: int = 1) -> LabeledSet:
    labeled = LabeledSet(N, 3)
    for start in range(rounds):
        asked = np.arange(start * 20, start * 20 + 20)
        if start:
            labeled.begin_round(SimpleNamespace(indices=asked, scores=np.zeros(20)))
        labeled.add(asked, np.arange(20) % 4 - 1)
    return labeled


def test_each_predicted_class_gives_its_share_twice() -> None:
    labeled, part = answered(), EpistemicMixture(neighbors=9)
    query = EAOA(neighbors=9).query(Pool(**SIGNALS), labeled, 12, seed=0)
    view = Pool(**SIGNALS).view(labeled, reads=sorted(SIGNALS))
    pure, torn = part(view).numpy(), AleatoricMixture()(view).numpy()
    predicted = SIGNALS["logits"][20:].argmax(axis=1)
    expected = set()
    for each in range(3):
        rows = np.flatnonzero(predicted == each)
        rows = rows[np.argsort(-pure[rows])[:20]]
        expected |= {*(20 + rows[np.argsort(-torn[rows])[:4]])}
    assert {*query} == expected


def test_the_factor_follows_the_rounds() -> None:
    found = []
    for rounds in (1, 2, 3):
        query = EAOA().query(Pool(**SIGNALS), answered(rounds), 12, seed=0)
        found.append((query.diagnostics["factor"], len(query.steps[1].rows)))
    assert found == [(5, 60), (6, 72), (7, 84)]  # three of four answers are known
    fixed = EAOA(target=None).query(Pool(**SIGNALS), answered(3), 12, seed=0)
    assert len(fixed.steps[1].rows) == 60


@pytest.mark.long
def test_it_keeps_asking_about_known_items() -> None:
    labeled = LabeledSet(len(DIGITS), 4)
    labeled.add(np.arange(60), DIGITS[:60])
    pool, found = Pool(embeddings=PIXELS), []
    for seed in range(3):
        task = EmbeddingClassifier().fit(pool, labeled, seed=seed)
        query = EAOA().query(pool, labeled, 20, model=task, seed=seed)
        labeled.begin_round(query)
        labeled.add(query.indices, DIGITS[query.indices])
        found.append((DIGITS[query.indices] >= 0).mean())
    assert np.mean(found) > 0.6  # the share of the known is 0.4


@pytest.mark.long
@pytest.mark.parametrize("options", [{"neighbors": 5}, {"neighbors": 3, "factor": 1.5}])
def test_fewer_neighbors_pass_the_battery(options: dict[str, Any]) -> None:
    check_strategy(EAOA(**options))


@pytest.mark.parametrize("wrong", [{"factor": 0.5}, {"neighbors": 0}, {"target": -1}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        EAOA(**wrong)
