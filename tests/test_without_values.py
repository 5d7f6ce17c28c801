"""An answered item without embedding has a row of zeros, and takes part in nothing."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal._reading import unreadable_in
from openal.learners import (
    CalibratedDetector,
    EmbeddingClassifier,
    EmbeddingDetector,
    EmbeddingDropout,
    EmbeddingEntropicDetector,
    EmbeddingEvidence,
    EmbeddingLossPredictor,
    EmbeddingOneVsAll,
    GenerativeDropout,
)
from openal.store import Embeddings, build_store
from openal.strategies import available

N, K = 90, 2
RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 3, N)
VECTORS = (RNG.normal(size=(N, 8)) + 6 * np.eye(8)[CLASSES] + 20).astype(np.float32)
BROKEN = 7  # of ten


class Photos:
    """Items of which some are cut off."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Tensor:
        if index % 10 == BROKEN:
            raise OSError("image file is truncated")
        return torch.from_numpy(VECTORS[index])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    folder = tmp_path_factory.mktemp("store")
    return build_store(folder, Photos(), lambda x: x, fingerprint={"e": "1"}, dtype="float32")


def answers(*, broken: bool) -> LabeledSet:
    """Answers to the first forty in rounds of ten, with those about broken items or without."""
    labeled = LabeledSet(N, K)
    for start in range(0, 40, 10):
        asked = [i for i in range(start, start + 10) if broken or i % 10 != BROKEN]
        labeled.begin_round(SimpleNamespace(indices=asked))
        labeled.add(asked, [int(c) if c < K else UNKNOWN for c in CLASSES[asked]])
    return labeled


def asks(name: str, pool: Pool, labeled: LabeledSet) -> Any:
    strategy = available()[name]()
    model = EmbeddingClassifier().fit(pool, labeled)
    return strategy.query(pool, labeled, 6, model=model, seed=0, progress=False)


@pytest.mark.long
@pytest.mark.parametrize("name", ["NEAT", "LfOSA", "JSOSAL", "EOAL", "CCAL", "OpenPathology"])
def test_a_query_is_the_same_without_the_answers(name: str, store: Embeddings) -> None:
    pool = Pool(embeddings=store)
    with_broken, without = (asks(name, pool, answers(broken=broken)) for broken in (True, False))
    np.testing.assert_array_equal(with_broken.indices, without.indices)
    np.testing.assert_array_equal(with_broken.scores, without.scores)


def test_a_signal_that_is_learned_from_embeddings_has_no_candidate_without(
    store: Embeddings,
) -> None:
    """The strategy reads logits alone; those of a row of zeros mean nothing."""
    pool = Pool(embeddings=store, logits=EmbeddingClassifier())
    query = available()["Uncertainty"]().query(pool, answers(broken=True), N, progress=False)
    assert not (query.indices % 10 == BROKEN).any()
    assert len(query.indices) == 45


def test_the_counts_of_the_answers_stay(store: Embeddings) -> None:
    labeled = answers(broken=True)
    before = labeled.counts, len(labeled.history)
    asks("NEAT", Pool(embeddings=store), labeled)
    assert (labeled.counts, len(labeled.history)) == before
    assert sum(labeled.counts.values()) == 40


def test_the_view_has_no_row_without_a_value(store: Embeddings) -> None:
    view = Pool(embeddings=store).view(answers(broken=True), reads=["embeddings"])
    for rows in (view.pool, view.known, view.invalid):
        assert len(rows) and not (rows.indices % 10 == BROKEN).any()
        assert (rows["embeddings"].abs().sum(dim=1) > 0).all()
    assert view.labels.tolist() == CLASSES[view.known.indices].tolist()


def test_the_rounds_of_the_view_have_no_row_without_a_value(store: Embeddings) -> None:
    labeled = answers(broken=True)
    labeled.begin_round(asks("NEAT", Pool(embeddings=store), labeled))
    rounds = Pool(embeddings=store).view(labeled, reads=["embeddings"]).history
    assert [len(each.indices) for each in rounds] == [9, 9, 9, 9, 6]
    assert rounds[-1].scores is not None and len(rounds[-1].scores) == 6


def test_an_answered_file_stays_as_it_is(store: Embeddings, tmp_path: Path) -> None:
    with LabeledSet(N, K, tmp_path / "answers.db") as labeled:
        labeled.add([BROKEN, 1, 2], [0, 1, UNKNOWN])
        view = Pool(embeddings=store).view(labeled, reads=["embeddings"])
        assert view.known.indices.tolist() == [1]
    assert LabeledSet(N, K, tmp_path / "answers.db").known_indices.tolist() == [BROKEN, 1]


LEARNERS: list[Callable[[], Any]] = [
    CalibratedDetector,
    EmbeddingClassifier,
    EmbeddingDetector,
    EmbeddingEntropicDetector,
    EmbeddingDropout,
    EmbeddingEvidence,
    EmbeddingLossPredictor,
    EmbeddingOneVsAll,
    GenerativeDropout,
]


@pytest.mark.long
@pytest.mark.parametrize("make", LEARNERS, ids=lambda make: make.__name__)
def test_a_learner_is_the_same_without_the_answers(
    make: Callable[[], Any], store: Embeddings
) -> None:
    """Also where a user trains it, outside of any query."""
    pool, learner = Pool(embeddings=store), make()
    both = [learner.fit(pool, answers(broken=b), seed=0, progress=False) for b in (True, False)]
    rows, name = np.array([50, 61, 72]), learner.offers[0]
    found, expected = (fitted.signals(pool, rows, (name,))[name] for fitted in both)
    assert torch.equal(found, expected)


def test_a_learner_whose_only_answers_have_no_values(store: Embeddings) -> None:
    labeled = LabeledSet(N, K)
    labeled.add([BROKEN, 10 + BROKEN], [0, UNKNOWN])
    pool = Pool(embeddings=store)
    for make in LEARNERS:
        fitted = make().fit(pool, labeled, progress=False)
        name = fitted.offers[0]
        assert torch.isfinite(fitted.signals(pool, np.array([1]), (name,))[name]).all()


def test_what_lacks_a_value_somewhere_behind_a_signal(store: Embeddings) -> None:
    pool = Pool(embeddings=store, logits=EmbeddingClassifier(), features=np.eye(N))
    assert unreadable_in(pool, ["features"], None).tolist() == []
    expected = list(range(BROKEN, N, 10))
    assert unreadable_in(pool, ["features", "logits"], None).tolist() == expected
