"""OpenPathology: a share by Mahalanobis purity, then entropy."""

from typing import Any

import numpy as np
import pytest

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.functional import entropy
from openal.purity import MahalanobisPurity
from openal.strategies import OpenPathology
from openal.testing import check_strategy

RNG = np.random.default_rng(0)
KIND = np.arange(400) % 4
EMBEDDINGS = 4 * np.eye(6)[KIND] + RNG.normal(size=(400, 6))
LOGITS = RNG.normal(size=(400, 2))
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
POOL = Pool(embeddings=EMBEDDINGS, logits=LOGITS)


def answered() -> LabeledSet:
    labeled = LabeledSet(400, 2)
    labeled.add(np.arange(100), LABELS[:100])
    return labeled


def test_of_the_purest_tenth_the_least_certain_are_asked() -> None:
    query = OpenPathology().query(POOL, answered(), 12, seed=0)
    view = POOL.view(answered(), reads=("embeddings", "logits"))
    pure = MahalanobisPurity()(view).sort(descending=True).indices[:30]
    torn = entropy(view.pool["logits"])[pure].sort(descending=True).indices[:12]
    assert query.indices.tolist() == view.pool.indices[pure[torn].numpy()].tolist()
    assert (LABELS[query.indices] >= 0).mean() > 0.9


def test_a_budget_above_the_share_is_reached() -> None:
    query = OpenPathology(share=0.01).query(POOL, answered(), 50, seed=0)
    assert len(query.steps[0].rows) == len(query) == 50


@pytest.mark.long
@pytest.mark.parametrize("options", [{"clusters": 2}, {"prior": 0.1}])
def test_a_wider_share_passes_the_battery(options: dict[str, Any]) -> None:
    check_strategy(OpenPathology(share=0.5, **options))


@pytest.mark.parametrize("wrong", [{"share": 0}, {"share": 2}, {"clusters": 0}, {"prior": -1}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        OpenPathology(**wrong)
