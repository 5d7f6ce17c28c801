"""BGADL: disagreement, and a classifier that learns from copies where it is asked to."""

from typing import Any

import numpy as np
import pytest

from openal import LabeledSet, Pool
from openal.errors import ArgumentError, MissingSignalError
from openal.learners import DropoutClassifier, EmbeddingDropout, GenerativeDropout
from openal.strategies import BALD, BGADL, VariationRatio

rng = np.random.default_rng(0)
MC = rng.normal(size=(50, 7, 3)) * 3
EMBEDDINGS = rng.normal(size=(50, 4)).astype("f4")


def labeled(count: int) -> LabeledSet:
    found = LabeledSet(50, 3)
    found.add(np.arange(count), np.arange(count) % 3)
    return found


@pytest.mark.parametrize(
    "strategy, same",
    [(BGADL(), BALD()), (BGADL(score="variation_ratio"), VariationRatio())],
)
def test_it_asks_as_the_disagreement_does(strategy: Any, same: Any) -> None:
    pool = Pool(mc_logits=MC)
    found, expected = (each.query(pool, labeled(6), 9) for each in (strategy, same))
    assert found.indices.tolist() == expected.indices.tolist()
    assert strategy.stages == same.stages


def test_learners_go_by_the_options() -> None:
    assert BGADL().learners == (DropoutClassifier(20, 0.5), EmbeddingDropout(20, 0.5))
    assert BGADL(samples=3, p=0.2, augment=True).learners == (
        GenerativeDropout(dropout=EmbeddingDropout(3, 0.2)),
    )


@pytest.mark.long
@pytest.mark.parametrize("count", [0, 1, 30])
def test_augmented_it_trains_on_copies(count: int) -> None:
    pool, learner = Pool(EMBEDDINGS, embeddings=EMBEDDINGS), EmbeddingDropout(20)
    query = BGADL(augment=True).query(pool, labeled(count), 8, seed=3)
    offered = Pool(embeddings=EMBEDDINGS, mc_logits=GenerativeDropout(dropout=learner))
    assert (
        query.indices.tolist() == BALD().query(offered, labeled(count), 8, seed=3).indices.tolist()
    )
    plain = BALD().query(Pool(embeddings=EMBEDDINGS, mc_logits=learner), labeled(count), 8, seed=3)
    assert query.scores is not None
    assert plain.scores is not None
    assert query.scores.equal(plain.scores) == (count < 2)  # an only answer is copied as it is


def test_what_the_pool_offers_goes_first() -> None:
    pool = Pool(embeddings=EMBEDDINGS, samples=MC)
    query = BGADL(augment=True, mc_logits="samples").query(pool, labeled(6), 9)
    assert (
        query.indices.tolist()
        == BALD(mc_logits="samples").query(pool, labeled(6), 9).indices.tolist()
    )


@pytest.mark.long
def test_items_alone_cannot_be_augmented() -> None:
    with pytest.raises(MissingSignalError, match="GenerativeDropout needs: embeddings"):
        BGADL(augment=True).query(Pool(EMBEDDINGS), labeled(6), 5)


def test_a_score_that_is_none_is_refused() -> None:
    wrong: Any = "entropy"
    with pytest.raises(ArgumentError, match="score must be"):
        BGADL(score=wrong)


@pytest.mark.parametrize("options", [{"samples": 0}, {"p": 1.0}])
@pytest.mark.parametrize("augment", [False, True])
def test_options_that_cannot_be(options: Any, augment: bool) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        BGADL(augment=augment, **options)
