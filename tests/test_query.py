"""A chain of narrowings, and the query that explains it."""

import errno
import json
import math
import pickle
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal.errors import ArgumentError, MissingPackageError, OpenALError, ScoreError
from openal.informativeness import Entropy, Uniform
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import Certainty
from openal.query import Chain, QueryStrategy, Step, best_rows, evaluate
from openal.selection import Filter, Top
from openal.strategies import MarginSampling, Uncertainty
from openal.view import View

N = 12
LABELED = LabeledSet(N, 3)
LABELED.add([0, 5], [1, 2])
OPEN = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def by_index(view: View) -> Tensor:
    """The larger the index the better."""
    return torch.from_numpy(view.pool.indices).float()


def by_half(view: View) -> Tensor:
    """Ties in pairs: 0 0 1 1 2 2 ..."""
    return torch.from_numpy(view.pool.indices // 2).float()


def alike(view: View) -> Tensor:
    return torch.zeros(len(view.pool))


@dataclass(frozen=True)
class Given:
    """A score that is whatever a function makes of the number of candidates."""

    function: Callable[[int], Any]

    def __call__(self, view: View) -> Tensor:
        found: Tensor = self.function(len(view.pool))
        return found


def pool() -> Pool:
    rng = np.random.default_rng(0)
    return Pool(logits=rng.normal(size=(N, 3)), embeddings=rng.normal(size=(N, 4)))


def ask(*stages: Any, budget: Any = 3, seed: Any = 0, **options: Any) -> Any:
    return Chain(*stages).query(pool(), LABELED, budget, seed=seed, **options)


# --- best rows


def test_best_rows_are_best_first() -> None:
    assert best_rows(torch.tensor([1.0, 3, 2, 5]), 3).tolist() == [3, 1, 2]


def test_equal_scores_keep_the_order_of_the_rows() -> None:
    assert best_rows(torch.tensor([1.0, 2, 1, 2, 1]), 3).tolist() == [1, 3, 0]
    assert best_rows(torch.zeros(5), 3).tolist() == [0, 1, 2]
    assert best_rows(torch.zeros(5), 5).tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 40))
def test_best_rows_are_those_of_a_stable_sort(scores: list[int], count: int) -> None:
    expected = sorted(range(len(scores)), key=lambda row: -scores[row])[:count]
    assert best_rows(torch.tensor(scores).float(), count).tolist() == expected


def test_best_rows_leave_the_scores_alone() -> None:
    scores = torch.tensor([1.0, 3, 2])
    best_rows(scores, 2)
    assert scores.tolist() == [1, 3, 2]


# --- evaluate


@pytest.mark.parametrize(
    "function, found",
    [
        (lambda n: torch.zeros(n - 1), r"must return a tensor \[10\], got \(9,\)"),
        (lambda n: torch.zeros(n, 1), r"must return a tensor \[10\], got \(10, 1\)"),
        (lambda n: np.zeros(n), r"must return a tensor \[10\], got ndarray"),
        (lambda n: None, r"must return a tensor \[10\], got NoneType"),
    ],
)
def test_a_score_is_one_number_per_candidate(function: Any, found: str) -> None:
    with pytest.raises(ScoreError, match=f"Given.*{found}"):
        ask(Top(Given(function)))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_score_that_is_not_finite_is_named_with_its_index(bad: float) -> None:
    scores = torch.zeros(10)
    scores[[4, 7]] = bad
    with pytest.raises(ScoreError, match=rf"Given.* gives {bad} at index 6"):
        ask(Top(Given(lambda _: scores)))


def test_a_score_may_be_any_real_numbers() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool):
        query = ask(Top(Given(lambda n, dtype=dtype: (torch.arange(n) >= 7).to(dtype))))
        assert query.indices.tolist() == [9, 10, 11]
        assert query.scores.dtype == torch.float32


def test_a_complex_score_is_refused() -> None:
    with pytest.raises(OpenALError):
        ask(Top(Given(lambda n: torch.zeros(n) * 1j)))


def test_a_query_holds_no_gradient() -> None:
    weights = torch.zeros(10, requires_grad=True)
    query = ask(Top(Given(lambda n: weights * torch.arange(n))))
    assert not query.scores.requires_grad


def test_evaluating_a_score_gives_it_as_it_is() -> None:
    view = pool().view(LABELED, reads=())
    assert evaluate(by_index, view).tolist() == OPEN


# --- chains


def test_the_last_stages_best_are_the_query() -> None:
    query = ask(Top(by_index, factor=2), Top(lambda view: -by_index(view)))
    assert query.indices.tolist() == [6, 7, 8]
    assert query.indices.dtype == np.int64
    assert query.scores.tolist() == [-6, -7, -8]


def test_ties_go_by_the_stages_before_then_by_the_index() -> None:
    assert ask(Top(by_half), budget=4).indices.tolist() == [10, 11, 8, 9]
    assert ask(Top(by_index, factor=2), Top(alike)).indices.tolist() == [11, 10, 9]
    assert ask(Top(by_index, factor=9), Top(by_half), budget=4).indices.tolist() == [11, 10, 9, 8]
    assert ask(Top(alike)).indices.tolist() == [1, 2, 3]


@pytest.mark.parametrize("budget, count", [(1, 1), (9, 9), (10, 10), (11, 10), (10**6, 10)])
def test_the_count_is_exact(budget: int, count: int) -> None:
    query = ask(Top(by_index, factor=1.5), Top(alike), budget=budget)
    assert len(query) == len(set(query)) == count


@pytest.mark.parametrize("budget", [0, -1, True, 1.0, "5", None, np.float32(2)])
def test_a_budget_that_cannot_be_is_refused(budget: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^budget must be"):
        ask(Top(by_index), budget=budget)


def test_a_numpy_budget_is_a_budget() -> None:
    assert len(ask(Top(by_index), budget=np.int32(2))) == 2


def test_candidates_are_respected() -> None:
    query = ask(Top(by_index), budget=9, candidates=[3, 9, 5, 6])
    assert query.indices.tolist() == [9, 6, 3]
    assert query.n_candidates == 3


def test_nothing_left_to_ask_is_an_empty_query() -> None:
    query = ask(Top(by_index, factor=2), Top(Entropy()), candidates=[0, 5])
    assert query.indices.shape == (0,)
    assert query.indices.dtype == np.int64
    assert (query.scores, query.steps, query.n_candidates, query.n_filled) == (None, (), 0, 0)


def test_each_stage_draws_its_own_numbers() -> None:
    seen: list[Tensor] = []

    def note(view: View) -> Tensor:
        seen.append(torch.rand(3, generator=view.generator()))
        return alike(view)

    ask(Top(note, factor=9), Top(note))
    ask(Top(note, factor=9), Top(note))
    ask(Top(note), seed=1)
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[4])


def test_no_global_generator_is_read_or_moved() -> None:
    states = [random.getstate(), torch.get_rng_state().tolist()]
    first = ask(Top(Uniform()), seed=0).indices.tolist()
    assert [random.getstate(), torch.get_rng_state().tolist()] == states
    random.seed(1)
    torch.manual_seed(1)
    assert ask(Top(Uniform()), seed=0).indices.tolist() == first


def test_another_round_draws_other_numbers() -> None:
    later = LabeledSet(N, 3)
    later.add([0], [1])
    later.begin_round(SimpleNamespace(indices=[5]))
    later.add([5], [2])
    queries = [Chain(Top(Uniform())).query(pool(), each, 10, seed=0) for each in (LABELED, later)]
    assert queries[0].indices.tolist() != queries[1].indices.tolist()


def test_a_stage_that_keeps_too_few_is_named() -> None:
    def greedy(view: View, budget: int) -> Step:
        return Step(greedy, view.pool.indices, np.arange(2))

    with pytest.raises(ScoreError, match=r"greedy.* must keep 3 of 10, kept 2"):
        ask(greedy)


@pytest.mark.parametrize("rows", [[0, 1, 1], [0, 1, 10], [0, 1, -1]])
def test_a_stage_that_keeps_a_row_twice_or_none_of_them_is_named(rows: list[int]) -> None:
    def careless(view: View, budget: int) -> Step:
        return Step(careless, view.pool.indices, np.array(rows))

    with pytest.raises(ScoreError, match="careless"):
        ask(careless)


@pytest.mark.parametrize("stage", [3, "Top", None, [Top(by_index)]])
def test_a_stage_is_a_stage_or_a_chain(stage: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^stages must be stages or chains"):
        Chain(stage)


def test_a_chain_without_stages_chooses_nothing() -> None:
    with pytest.raises(ArgumentError, match="stages"):
        Chain()


@pytest.mark.parametrize("score", [Entropy(), by_index])
def test_a_score_among_the_stages_is_told_to_stand_in_one(score: Any) -> None:
    with pytest.raises(OpenALError, match="stage"):
        Chain(score).query(pool(), LABELED, 3)


def test_a_chain_may_hold_chains() -> None:
    inner = Chain(Top(by_index, factor=2), Chain(Top(by_half, factor=2)))
    chain = Chain(inner, Uncertainty())
    assert chain.stages == (Top(by_index, factor=2), Top(by_half, factor=2), Top(Entropy()))
    assert chain.reads == ("logits",)
    assert len(chain.query(pool(), LABELED, 3)) == 3


def test_a_chain_brings_the_learners_of_its_parts() -> None:
    one = Chain(Top(by_index, factor=2), learners=("a learner",))
    assert Chain(Top(by_index)).learners == ()
    assert Chain(one, Chain(Top(by_half), learners=("another",))).learners == (
        "a learner",
        "another",
    )
    assert Uncertainty().learners == ()


def test_a_chain_is_a_value() -> None:
    chain = Chain(Filter(Certainty(), above=0.1), MarginSampling())
    assert repr(chain) == (
        "Chain(Filter(score=Certainty(logits='logits'), above=0.1, cold_factor=1.0), "
        "MarginSampling(logits='logits'))"
    )
    assert chain == Chain(Filter(Certainty(), above=0.1), MarginSampling())
    assert hash(chain) == hash(pickle.loads(pickle.dumps(chain)))
    assert chain == pickle.loads(pickle.dumps(chain))
    assert chain != Chain(Filter(Certainty(), above=0.2), MarginSampling())
    assert Chain(Top(Entropy())) != Uncertainty()


def test_every_chain_is_a_strategy() -> None:
    assert isinstance(Chain(Top(by_index)), QueryStrategy)
    assert isinstance(Uncertainty(), QueryStrategy)
    assert not isinstance(Top(by_index), QueryStrategy)


# --- the explanation


def test_each_step_tells_what_it_saw_scored_and_kept() -> None:
    first, second = ask(Top(by_index, factor=2), Top(by_half)).steps
    assert first.stage == Top(by_index, factor=2)
    assert first.seen.tolist() == OPEN
    assert first.scores.tolist() == OPEN
    assert first.kept.tolist() == second.seen.tolist() == [11, 10, 9, 8, 7, 6]
    assert second.scores.tolist() == [5, 5, 4, 4, 3, 3]
    assert second.kept.tolist() == [11, 10, 9]


def test_scores_are_the_last_and_by_what_they_are_for() -> None:
    query = ask(Filter(Certainty(), above=0.0), Top(Entropy()), budget=4)
    assert torch.allclose(query.scores, query.informativeness)
    assert torch.allclose(query.purity, 1 - query.scores / np.log(3), atol=1e-6)
    assert query.scores.dtype == query.purity.dtype == torch.float32


def test_a_role_that_no_stage_plays_is_none() -> None:
    query = ask(Top(Entropy()))
    assert query.purity is None
    assert ask(Top(by_index)).informativeness is None


def test_a_score_of_ones_own_may_say_its_role() -> None:
    class Mine:
        role = "purity"

        def __call__(self, view: View) -> Tensor:
            return by_index(view)

    query = ask(Top(Mine(), factor=2), Top(by_half))
    assert query.purity.tolist() == [11, 10, 9]
    assert query.scores.tolist() == [5, 5, 4]


def test_a_stage_without_a_score_leaves_the_scores_of_the_one_before() -> None:
    def backwards(view: View, budget: int) -> Step:
        return Step(backwards, view.pool.indices, np.arange(len(view.pool))[::-1].copy())

    query = ask(Filter(by_index, above=8.5), backwards)
    assert query.indices.tolist() == [9, 10, 11]
    assert query.scores.tolist() == [9, 10, 11]


def test_filled_places_are_counted() -> None:
    query = ask(Filter(by_index, above=8.5), Top(alike), budget=5)
    assert query.indices.tolist() == [11, 10, 9, 8, 7]
    assert query.n_filled == 2
    assert query.n_candidates == 10


def test_diagnostics_tell_the_seconds_and_what_parts_note() -> None:
    def noting(view: View) -> Tensor:
        view.notes["temperature"] = 3.0
        return alike(view)

    found = ask(Top(noting, factor=2), Top(by_index)).diagnostics
    assert found["temperature"] == 3.0
    assert list(found["seconds"]) == ["0 Top", "1 Top"]
    assert all(seconds >= 0 for seconds in found["seconds"].values())


def test_a_query_iterates_over_its_indices_as_integers() -> None:
    query = ask(Top(by_index))
    assert list(query) == [11, 10, 9]
    assert all(type(index) is int for index in query)
    assert len(query) == 3


def test_a_query_pickles() -> None:
    query = ask(Top(by_index, factor=2), Top(Entropy()))
    copy = pickle.loads(pickle.dumps(query))
    assert copy.indices.tolist() == query.indices.tolist()
    assert copy.steps[0].stage == Top(by_index, factor=2)


def test_a_query_can_begin_a_round() -> None:
    labeled = LabeledSet(N, 3)
    query = Uncertainty().query(pool(), labeled, 3, seed=0)
    labeled.begin_round(query)
    assert labeled.pending_indices.tolist() == query.indices.tolist()
    assert labeled.history[0].scores == pytest.approx(query.scores.numpy())  # type: ignore[union-attr]


def test_a_frame_has_a_row_per_index() -> None:
    pytest.importorskip("pandas")
    frame = ask(Filter(Certainty(), above=0.0), Top(Entropy())).to_frame()
    assert list(frame.columns) == ["index", "scores", "purity", "informativeness"]
    assert len(frame) == 3
    assert list(ask(Top(by_index)).to_frame().columns) == ["index", "scores"]


def test_json_has_an_object_per_index_with_its_key(tmp_path: Path) -> None:
    query = replace(
        ask(Filter(Certainty(), above=0.0), Top(Entropy())), keys=("é", "\udc80", "c.jpg")
    )
    text = query.to_json(tmp_path / "q.json")
    assert (tmp_path / "q.json").read_bytes() == text.encode()
    rows = json.loads(text)
    assert [row["index"] for row in rows] == query.indices.tolist()
    assert [row["key"] for row in rows] == [*query.keys]
    assert [*rows[0]] == ["index", "key", "scores", "purity", "informativeness"]
    assert query.scores is not None
    assert [row["scores"] for row in rows] == query.scores.tolist()


def test_json_has_only_what_a_query_has() -> None:
    query = ask(Top(by_index))
    assert [*json.loads(query.to_json())[0]] == ["index", "scores"]
    scores = torch.tensor([math.nan, math.inf, 1.0])
    infinite = replace(query, indices=query.indices[:3], scores=scores)
    assert [row["scores"] for row in json.loads(infinite.to_json())] == [None, None, 1.0]
    empty = replace(query, indices=query.indices[:0], scores=None)
    assert json.loads(empty.to_json()) == []


def test_json_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "q.json").write_text("of before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        ask(Top(by_index)).to_json(tmp_path / "q.json")
    assert [path.name for path in tmp_path.iterdir()] == ["q.json"]
    assert (tmp_path / "q.json").read_text() == "of before"


def test_without_pandas_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match="pip install"):
        ask(Top(by_index)).to_frame()
