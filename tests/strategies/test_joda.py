"""Joda: low energies by the answers' own threshold, then SISOMe; and what trains where none is."""

import numpy as np

from openal import UNKNOWN, LabeledSet, Pool
from openal.functional import energy, youden_threshold
from openal.learners import EmbeddingClassifier
from openal.strategies import Joda

RNG = np.random.default_rng(0)
KIND = np.arange(300) % 4
Z = (4 * np.eye(6)[KIND] + RNG.normal(size=(300, 6))).astype(np.float32)
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
LABELED = LabeledSet(300, 2)
LABELED.add(np.arange(80), LABELS[:80])


def test_energies_at_the_threshold_decide_who_passes() -> None:
    learner = EmbeddingClassifier(exposure=0.5)
    pool = Pool(embeddings=Z, logits=learner, features=learner)
    query = Joda().query(pool, LABELED, 12, seed=0)
    view = pool.view(LABELED, reads=("logits",))
    known, unknown, rest = (-energy(r["logits"]) for r in (view.known, view.invalid, view.pool))
    is_known = np.arange(80) < len(known)
    scores = np.concatenate([known.numpy(), unknown.numpy()])
    above = youden_threshold(scores, is_known)  # type: ignore[arg-type]
    assert query.diagnostics["above"] == above
    assert len(query.steps[0].rows) == int((rest > above).sum())


def test_a_pool_of_embeddings_alone_trains_with_exposure() -> None:
    own, pool = Joda().query(Pool(embeddings=Z), LABELED, 12, seed=0), Pool(embeddings=Z)
    learner = EmbeddingClassifier(exposure=0.5)
    same = pool.with_signals(logits=learner, features=learner)
    assert own.indices.tolist() == Joda().query(same, LABELED, 12, seed=0).indices.tolist()
    plain = pool.with_signals(logits=EmbeddingClassifier(), features=EmbeddingClassifier())
    assert own.indices.tolist() != Joda().query(plain, LABELED, 12, seed=0).indices.tolist()


def test_the_first_round_is_not_filtered() -> None:
    labeled = LabeledSet(300, 2)
    labeled.add([0, 1, 4, 5], [0, 1, 0, 1])
    query = Joda().query(Pool(embeddings=Z), labeled, 12, seed=0)
    assert len(query.steps[0].rows) == 296
