"""MQNet over rounds: the history teaches it, and it looks at nothing else."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from openal.functional import meta_query
from openal.informativeness import Entropy, LeastConfidence, PredictedLoss
from openal.labeled import UNKNOWN, LabeledSet
from openal.purity import NearestKnown
from openal.query import Query
from openal.selection import MetaScore, Note, Top
from openal.simulate import LabeledData, OpenSetSplit, openset_split, simulate
from openal.strategies import MQNet


@pytest.fixture(scope="module")
def data() -> LabeledData:
    labels = np.arange(240) % 6
    points = 2 * np.eye(6)[labels] + np.random.default_rng(0).normal(size=(240, 6))
    return LabeledData(labels, embeddings=points.astype(np.float32))


@pytest.fixture(scope="module")
def split(data: LabeledData) -> OpenSetSplit:
    return openset_split(
        data.labels, known=[0, 1, 2], first=9, seed=0, protocol="known", test_share=0.2
    )


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training that is long enough to be told from none."""
    monkeypatch.setattr(meta_query, "EPOCHS", 4)


@dataclass
class Watched:
    """The strategy, and each query it made with what was answered by then."""

    strategy: Any = field(default_factory=MQNet)
    made: list[tuple[Query, LabeledSet]] = field(default_factory=list)

    def query(self, pool: Any, labeled: LabeledSet, budget: int, **options: Any) -> Query:
        query: Query = self.strategy.query(pool, labeled, budget, **options)
        self.made.append((query, labeled))
        return query


def play(strategy: Any, data: LabeledData, split: OpenSetSplit) -> Any:
    return simulate(strategy, data, split, rounds=3, budget=10, progress=False)


def test_every_round_teaches_the_next(data: LabeledData, split: OpenSetSplit) -> None:
    watched = Watched()
    play(watched, data, split)
    queries = [query for query, _ in watched.made]
    assert [query.diagnostics["meta_answers"] for query in queries] == [0, 10, 10]
    history = watched.made[-1][1].history
    assert [each.scores is None for each in history] == [True, False, False, False]
    for query, told in zip(queries, history[1:], strict=True):
        assert query.informativeness is not None and query.purity is not None
        assert told.informativeness is not None and told.purity is not None
        assert told.informativeness.tolist() == query.informativeness.tolist()
        assert told.purity.tolist() == query.purity.tolist()


def test_the_same_seed_plays_the_same_game(data: LabeledData, split: OpenSetSplit) -> None:
    first, again = (play(MQNet(), data, split) for _ in range(2))
    assert (first.asked, first.accuracy) == (again.asked, again.accuracy)


def test_a_round_that_was_not_told_teaches_nothing(data: LabeledData, split: OpenSetSplit) -> None:
    pool = data.pool(split.pool).with_signals(logits=torch.randn(len(split.pool), 3))
    labeled = LabeledSet(len(pool), 3)
    for _ in range(2):
        query = MQNet().query(pool, labeled, 10, seed=0)
        labeled.add(query.indices, split.truth[query.indices])
        assert query.diagnostics["meta_answers"] == 0


def test_the_answers_decide_what_comes_next(data: LabeledData, split: OpenSetSplit) -> None:
    pool = data.pool(split.pool).with_signals(logits=torch.randn(len(split.pool), 3))
    queries = []
    for flip in (False, True):
        labeled = LabeledSet(len(pool), 3)
        labeled.add(split.first, split.truth[split.first])
        query = MQNet().query(pool, labeled, 20, seed=0)
        labeled.begin_round(query)
        order = np.arange(20)[:: -1 if flip else 1]
        labels = np.where(order < 10, UNKNOWN, 0)
        labeled.add(query.indices, labels)
        queries.append(MQNet().query(pool, labeled, 20, seed=0))
    assert queries[0].indices.tolist() != queries[1].indices.tolist()


@pytest.mark.long
def test_a_predicted_loss_is_learned_where_nobody_offers_it(
    data: LabeledData, split: OpenSetSplit
) -> None:
    watched = Watched(MQNet(PredictedLoss()))
    play(watched, data, split)
    assert [query.diagnostics["meta_answers"] for query, _ in watched.made] == [0, 10, 10]
    assert MQNet().learners == ()


def test_the_stages_are_those_of_the_paper() -> None:
    conf, purity = LeastConfidence(), NearestKnown()
    assert MQNet().stages == (Note(purity), Note(conf), Top(MetaScore(conf, purity=purity)))
    assert MQNet(Entropy()).stages[1] == Note(Entropy())
    assert MQNet().reads == ("embeddings", "logits")
    assert MQNet(logits="before").reads == ("before", "embeddings", "logits")
    assert MQNet(embeddings="clip").reads == ("clip", "logits")
