"""Budgets, candidates and rounds at their edges, for every stage and every strategy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openal import selection
from openal.errors import AnswerError, ArgumentError, ArrayError
from openal.informativeness import Entropy, Uniform
from openal.labeled import LabeledSet
from openal.purity import Certainty, KnownNeighbors
from openal.query import Chain, Query
from openal.selection import (
    Adaptive,
    ClassBalancedKCenter,
    Clusters,
    Cover,
    Directions,
    Filter,
    GeometricMean,
    GradientEmbedding,
    JointInformation,
    KCenter,
    KMeansCenters,
    KMeansPlusPlus,
    MetaScore,
    NearestClass,
    Note,
    ParetoSubset,
    Power,
    PredictedClass,
    Product,
    Quota,
    RandomGroups,
    Signal,
    Sum,
    TargetPrecision,
    Top,
    TopPerGroup,
    TopShare,
    TopWithTies,
    TypicalPerCluster,
    UntilKnown,
    WeightedKMeans,
)
from openal.strategies import available
from openal.testing import World, world
from openal.testing._repeat_checks import expect_randomness_alone
from openal.testing._world import ask, expect_sound
from tests.walking import walked

STRATEGIES = {name: kind() for name, kind in available().items()}

STAGES: tuple[Any, ...] = (
    Adaptive(Top(Certainty(), factor=2)),
    JointInformation(),
    ClassBalancedKCenter(),
    Cover(),
    Filter(KnownNeighbors()),
    KCenter(),
    KMeansCenters("features"),
    KMeansPlusPlus(),
    Note(Entropy()),
    ParetoSubset(Entropy(), second=Certainty()),
    Quota(Entropy(), other=Certainty()),
    TargetPrecision(Certainty(), then=Entropy()),
    Top(Entropy()),
    TopPerGroup(Entropy(), groups=PredictedClass()),
    TopPerGroup(Entropy(), groups=RandomGroups(3)),
    UntilKnown(Cover(), then=Top(Entropy())),
    TopShare(Entropy()),
    TopWithTies(Uniform()),
    TypicalPerCluster(),
)

PARTS: tuple[Any, ...] = (
    KCenter(Directions()),
    KCenter(Signal("embeddings")),
    KMeansPlusPlus(GradientEmbedding()),
    Top(MetaScore(Entropy(), purity=Certainty())),
    Top(Product(Entropy(), Certainty())),
    Top(GeometricMean(Certainty(), Certainty())),
    Top(Power(Entropy(), exponent=2)),
    WeightedKMeans("features", weight=Entropy(), pick=Certainty(), clusters=1.5),
    Top(Sum(Entropy(), Certainty())),
    TopPerGroup(Entropy(), groups=Clusters()),
    TopPerGroup(Entropy(), groups=NearestClass()),
    Filter(Certainty(), above=1e9),
)

CHAINS = {repr(stage): Chain(stage) for stage in (*STAGES, *PARTS)}

BUDGETS: dict[str, Any] = {
    "zero": 0,
    "negative": -1,
    "a bool": True,
    "a NumPy bool": np.True_,
    "a float": 1.0,
    "NaN": float("nan"),
    "infinite": float("inf"),
    "a string": "5",
    "None": None,
    "a list": [5],
    "an array": np.array([5]),
    "a tensor": torch.tensor(5),
    "a NumPy float": np.float64(5),
}

CANDIDATES: dict[str, Any] = {
    "none": [],
    "repeated": [30, 31, 30],
    "foreign": [30, 60],
    "negative": [-1],
    "beyond int64": [2**63],
    "floats": [30.0],
    "NaN": [float("nan")],
    "bools": [True, False],
    "a mask": np.ones(60, bool),
    "strings": ["30"],
    "a string": "30",
    "None inside": [30, None],
    "a number": 30,
    "a set": {30, 31},
    "a dict": {30: 0},
    "nested": [[30], [31]],
    "a NumPy scalar": np.int64(30),
    "a float tensor": torch.tensor([30.0]),
    "a sparse tensor": torch.tensor([30]).to_sparse(),
}


def answers(labeled: LabeledSet) -> Any:
    return repr(labeled), labeled.unlabeled_indices.tolist(), len(labeled.history)


def refused(made: World, chain: Any, error: type[Exception], words: str, **asked: Any) -> None:
    """The error with the words, after which neither the answers nor a seed has moved."""
    before = answers(made.labeled)
    with expect_randomness_alone("a refused query"), pytest.raises(error, match=words):
        ask(chain, made, **asked)
    assert answers(made.labeled) == before


def test_every_stage_is_here() -> None:
    names = {type(part).__name__ for chain in (*STAGES, *PARTS) for part in parts(chain)}
    assert names >= {*selection.__all__}


def parts(stage: Any) -> Any:
    """A stage and what it is given."""
    inner = getattr(stage, "scores", None) or vars(stage).values()
    return [stage, *(part for each in inner if callable(each) for part in parts(each))]


@walked
@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_refuses_a_budget(name: str, budget: Any) -> None:
    refused(world(), CHAINS[name], ArgumentError, "^budget must be", budget=budget)


@walked
@pytest.mark.parametrize("candidates", CANDIDATES.values(), ids=CANDIDATES)
@pytest.mark.parametrize("name", ["NEAT", "Random", "EOAL", "CLIPNAL", "BADGE"])
def test_a_strategy_refuses_candidates(name: str, candidates: Any) -> None:
    made = world()
    refused(made, STRATEGIES[name], ArgumentError, "candidates", candidates=candidates)


@walked
@pytest.mark.parametrize("budget", [1, 39, 40, 41, 10**12, 2**70])
@pytest.mark.parametrize("name", CHAINS)
def test_a_stage_keeps_no_more_than_there_are(name: str, budget: int) -> None:
    made = world()
    expect_sound(ask(CHAINS[name], made, budget), made, budget)


@walked
@pytest.mark.parametrize("name", CHAINS)
def test_a_stage_gets_one_candidate_or_only_answered_ones(name: str) -> None:
    made, chain = world(), CHAINS[name]
    (last,) = made.labeled.unlabeled_indices[-1:].tolist()
    done = [*made.answers]
    for candidates, expected in [([last], [last]), ([*done, last], [last]), (done, [])]:
        for budget in (1, 7):
            assert [*ask(chain, made, budget, candidates=candidates)] == expected


@walked
@pytest.mark.parametrize("name", CHAINS)
def test_what_a_filter_leaves_out_fills_the_budget_of_a_stage(name: str) -> None:
    made = world()
    nothing = Chain(Filter(Certainty(), above=1e9), CHAINS[name])
    for budget in (5, 40, 41):
        query = ask(nothing, made, budget)
        expect_sound(query, made, budget)
        assert query.n_filled >= min(budget, 40)


@walked
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_round_may_take_all_that_is_left_and_then_there_is_nothing(name: str) -> None:
    made, strategy = world(), STRATEGIES[name]
    labeled, left = made.labeled, made.labeled.unlabeled_indices
    query = ask(strategy, made, len(left))
    assert sorted(query) == left.tolist()
    labeled.begin_round(query)
    labeled.add(query.indices, made.hidden[query.indices])
    empty = ask(strategy, made, 3)
    assert (len(empty), empty.n_candidates, empty.n_filled) == (0, 0, 0)
    labeled.begin_round(empty)
    assert labeled.pending_indices.tolist() == []


@walked
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_second_query_while_a_round_is_pending(name: str, tmp_path: Path) -> None:
    made, strategy = world(), STRATEGIES[name]
    labeled = LabeledSet(len(made), made.num_classes, tmp_path / "answers.db")
    labeled.add([*made.answers], [*made.answers.values()])
    first = ask_about(strategy, made, labeled)
    labeled.begin_round(first)
    before = (tmp_path / "answers.db").read_bytes(), answers(labeled)
    second = ask_about(strategy, made, labeled)
    expect_sound(second, made, 6)
    with pytest.raises(AnswerError, match=r"waits for 6 answers; `pending_indices`"):
        labeled.begin_round(second)
    assert ((tmp_path / "answers.db").read_bytes(), answers(labeled)) == before
    assert labeled.pending_indices.tolist() == first.indices.tolist()


def ask_about(strategy: Any, made: World, labeled: LabeledSet) -> Query:
    query: Query = strategy.query(made.pool, labeled, 6, seed=0, progress=False)
    return query


def test_the_bad_candidate_is_named() -> None:
    with pytest.raises(ArrayError, match=r"candidates\[1\] is 60; indices run from 0 to 59"):
        ask(STRATEGIES["NEAT"], world(), candidates=[30, 60])
