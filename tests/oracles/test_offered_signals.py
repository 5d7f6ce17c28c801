"""What a strategy reads is what its learners offer: the queries are those of the oracles."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.labeled import LabeledSet
from openal.learners import EmbeddingDetector
from openal.pool import Pool
from openal.strategies import CLIPNAL, JSOSAL, NEAT, LfOSA
from tests.oracles.comparing import WORLDS, check, unlabeled
from tests.oracles.test_clipnal import as_type, clipnal
from tests.oracles.test_jsosal import jsosal
from tests.oracles.test_lfosa import lfosa
from tests.oracles.test_neat import neat


class Encoder:
    """A frozen learner of embeddings."""

    offers, reads = ("embeddings",), ("spare",)

    def signals(self, pool: Pool, indices: np.ndarray, *_: Any, **__: Any) -> dict[str, Any]:
        return {"embeddings": pool.take("spare", indices)}


def test_the_embeddings_are_those_that_a_learner_offers() -> None:
    made = WORLDS["noise"](3)
    embeddings, logits = (made.signals[name] for name in ("features", "logits"))
    pool = Pool(spare=embeddings, embeddings=Encoder(), logits=logits)
    query = NEAT(k=5).query(pool, made.labeled, 9, seed=0)
    offered = made.offering({"embeddings": embeddings, "logits": logits})
    check(query, neat(offered, unlabeled(made), 9, k=5))


class Detector:
    """A learner whose logits of K + 1 classes are those of the pool, shifted by its training."""

    offers, reads = ("detector_logits",), ("spare",)

    def fit(self, pool: Pool, labeled: LabeledSet, **_: Any) -> "Trained":
        return Trained(float(len(labeled.unknown_indices)))


class Trained(Detector):
    def __init__(self, shift: float) -> None:
        self.shift = shift

    def signals(self, pool: Pool, indices: np.ndarray, *_: Any, **__: Any) -> dict[str, Any]:
        logits = pool.take("spare", indices).clone()
        logits[:, 0] += self.shift / 10
        return {"detector_logits": logits}


def test_the_activations_are_those_of_the_detector_that_was_trained() -> None:
    made = WORLDS["noise"](5)
    logits = made.signals["detector_logits"]
    query = LfOSA().query(Pool(spare=logits, detector_logits=Detector()), made.labeled, 12)
    shifted = logits + np.eye(1, logits.shape[1], dtype="f4") * np.float32(
        len(made.labeled.unknown_indices) / 10
    )
    check(query, lfosa(made.offering({"detector_logits": shifted}), unlabeled(made), 12))


def test_the_detector_of_lfosa_is_trained_on_embeddings() -> None:
    made = WORLDS["plain"](6)
    pool = Pool(embeddings=made.signals["embeddings"])
    query = LfOSA(temperature=1.0).query(pool, made.labeled, 12, seed=3)
    trained = EmbeddingDetector(temperature=1.0).fit(pool, made.labeled, seed=3)
    (logits,) = trained.signals(pool, np.arange(len(made)), ("detector_logits",)).values()
    offered = made.offering({"detector_logits": logits.numpy()})
    check(query, lfosa(offered, unlabeled(made), 12))


def test_the_detector_of_jsosal_weighs_the_classes() -> None:
    made = WORLDS["plain"](6)
    pool = Pool(embeddings=made.signals["embeddings"], logits=made.signals["logits"])
    query = JSOSAL(max_weight_ratio=3.0).query(pool, made.labeled, 8, seed=3)
    detector = EmbeddingDetector(temperature=0.5, class_weights=True, max_weight_ratio=3.0)
    trained = detector.fit(pool, made.labeled, seed=3)
    (logits,) = trained.signals(pool, np.arange(len(made)), ("detector_logits",)).values()
    offered = made.offering({**made.signals, "detector_logits": logits.numpy()})
    check(query, jsosal(offered, unlabeled(made), 8))


@pytest.mark.parametrize("seed", range(3))
def test_the_cosines_are_those_of_the_texts_with_the_embeddings(seed: int) -> None:
    made = as_type(WORLDS["noise"](seed), np.float64)
    z, logits = made.signals["embeddings"], made.signals["logits"]
    texts = np.random.default_rng(seed).normal(size=(2, made.num_classes, z.shape[1]))
    query = CLIPNAL(tuple(map(torch.from_numpy, texts))).query(
        Pool(embeddings=z, logits=logits), made.labeled, 9
    )
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (z, *texts)]
    cosines = {"yes_cosines": unit[0] @ unit[1].T, "no_cosines": unit[0] @ unit[2].T}
    offered = made.offering({"embeddings": z, "logits": logits, **cosines})
    check(query, clipnal(offered, unlabeled(made), 9)[0])
