"""What the last round teaches: from what was known when it was asked, and from nothing else."""

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional import meta_query
from openal.functional.meta_query import standardized
from openal.informativeness import LeastConfidence
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import NearestKnown
from openal.query import Chain, Query
from openal.selection import MetaScore, Note, Top
from openal.testing._repeat_checks import Elsewhere
from openal.testing._world import World, world
from openal.view import Blocks, View

META = MetaScore(LeastConfidence(), purity=NearestKnown())
CHAIN = Chain(Note(NearestKnown()), Note(LeastConfidence()), Top(META))


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training that is long enough to be told from none."""
    monkeypatch.setattr(meta_query, "EPOCHS", 4)


def first_round(made: World) -> LabeledSet:
    """The first answers, and one round that a chain asked; pending."""
    labeled = LabeledSet(len(made), made.num_classes)
    labeled.add(list(made.answers), list(made.answers.values()))
    labeled.begin_round(CHAIN.query(made.pool, labeled, 10, seed=0))
    return labeled


def answered(made: World) -> LabeledSet:
    labeled = first_round(made)
    labeled.add(labeled.pending_indices, made.hidden[labeled.pending_indices])
    return labeled


def view_of(labeled: LabeledSet, made: World, pool: Pool | None = None) -> View:
    return (pool or made.pool).view(labeled, reads=("embeddings", "logits"), seed=0)


def taught(labeled: LabeledSet, made: World) -> tuple[Tensor, int]:
    view = view_of(labeled, made)
    return META(view), view.notes["meta_answers"]


def untaught(view: View) -> Tensor:
    scores = [LeastConfidence()(view).double(), NearestKnown()(view).double()]
    return standardized(scores[0]) + standardized(scores[1])


def test_before_a_round_was_asked_it_is_the_sum_of_both() -> None:
    made = world()
    view = view_of(made.labeled, made)
    assert torch.equal(META(view), untaught(view))
    assert view.notes["meta_answers"] == 0


@pytest.mark.usefixtures("briefly")
def test_answers_teach() -> None:
    made = world()
    scores, count = taught(answered(made), made)
    assert count == 10
    assert not torch.equal(scores, untaught(view_of(answered(made), made)))


@pytest.mark.usefixtures("briefly")
def test_pending_skipped_and_retracted_answers_teach_nothing() -> None:
    made = world()
    labeled = first_round(made)
    assert taught(labeled, made)[1] == 0
    asked = labeled.pending_indices
    labeled.add(asked[:4], [0, 1, UNKNOWN, SKIPPED])
    assert taught(labeled, made)[1] == 3
    labeled.retract(asked[0])
    assert taught(labeled, made)[1] == 2


@pytest.mark.usefixtures("briefly")
@pytest.mark.parametrize("label", [UNKNOWN, SKIPPED])
def test_without_answers_that_differ_the_round_before_teaches(label: int) -> None:
    made = world()
    labeled = answered(made)
    labeled.begin_round(CHAIN.query(made.pool, labeled, 5, seed=0))
    labeled.add(labeled.pending_indices, [label] * 5)
    assert taught(labeled, made)[1] == 10


@pytest.mark.usefixtures("briefly")
def test_the_last_round_teaches() -> None:
    made = world()
    labeled = answered(made)
    labeled.begin_round(CHAIN.query(made.pool, labeled, 7, seed=0))
    labeled.add(labeled.pending_indices, [0, UNKNOWN, 1, 2, 1, 0, 1])
    assert taught(labeled, made)[1] == 7


@pytest.mark.usefixtures("briefly")
def test_with_one_known_class_the_known_still_teach() -> None:
    made = world(num_classes=1)
    labeled = first_round(made)
    labeled.add(labeled.pending_indices, [0, UNKNOWN] * 5)
    assert taught(labeled, made)[1] == 10


class Spy:
    """A purity that notes which answers each view shows."""

    def __init__(self) -> None:
        self.seen: list[tuple[set[int], ...]] = []

    def __call__(self, view: View) -> Tensor:
        kinds = (view.pool, view.known, view.invalid)
        self.seen.append(tuple({*rows.indices.tolist()} for rows in kinds))
        assert len(view.labels) == len(view.known)
        return NearestKnown()(view)


@pytest.mark.usefixtures("briefly")
def test_a_round_is_scored_by_what_was_known_when_it_was_asked() -> None:
    made, spy = world(), Spy()
    labeled = answered(made)
    view = view_of(labeled, made)
    MetaScore(LeastConfidence(), purity=spy)(view)
    asked = {*labeled.history[1].indices.tolist()}
    now, then = spy.seen
    first = {index for index, label in made.answers.items() if label >= 0}
    assert now[0] == {*view.pool.indices.tolist()}
    assert then[0] == now[0] | asked
    assert then[1] == first != now[1]
    assert not (then[1] | then[2]) & asked


def test_a_round_that_teaches_tells_its_inputs_as_they_were() -> None:
    made = world()
    before = LabeledSet(len(made), made.num_classes)
    before.add(list(made.answers), list(made.answers.values()))
    query = CHAIN.query(made.pool, before, 10, seed=0)
    then = view_of(before, made)
    rows = np.searchsorted(then.pool.indices, query.indices)
    expected = torch.stack(
        [standardized(score(then).double()) for score in (LeastConfidence(), NearestKnown())], dim=1
    )[rows]
    found = META._as_asked(view_of(answered(made), made), 1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_what_was_noted_goes_before_what_the_trained_classifier_says() -> None:
    made = world()
    noted, rescored = (first_round(made) for _ in range(2))
    asked, labels = noted.pending_indices, made.hidden[noted.pending_indices]
    rescored = LabeledSet(len(made), made.num_classes)
    rescored.add(list(made.answers), list(made.answers.values()))
    rescored.begin_round(SimpleNamespace(indices=asked, scores=np.zeros(10)))
    for labeled in (noted, rescored):
        labeled.add(asked, labels)
    logits = made.signals["logits"].copy()
    logits[asked] *= 5  # the classifier of today is sure of them
    view = view_of(noted, made.offering({**made.signals, "logits": logits}))
    stored = META._as_asked(view, 1)[:, 0]
    assert stored.tolist() == pytest.approx(
        META._as_asked(view_of(noted, made), 1)[:, 0].tolist(), rel=0.2
    )
    again = META._as_asked(view_of(rescored, made.offering({**made.signals, "logits": logits})), 1)
    assert again[:, 0].mean() < stored.mean() / 1.5


def test_targets_are_the_losses_of_the_known() -> None:
    made = world()
    view = view_of(answered(made), made)
    indices, labels = np.array([4, 9, 30]), np.array([2, UNKNOWN, 0])
    p = torch.from_numpy(made.signals["logits"][indices]).softmax(dim=1)
    found = META._targets(view, indices, labels).tolist()
    assert found == pytest.approx([-float(p[0, 2].log()), -1, -float(p[2, 0].log())], rel=1e-5)


def planted(seed: int, size: int = 400) -> World:
    """Purity is right and the classifier unsure of the unknown, as in an open pool."""
    made = world(seed, size=size)
    rng = np.random.default_rng(seed)
    logits = np.where(made.hidden[:, None] == UNKNOWN, 0.3, 3.0) * rng.normal(size=(size, 3))
    few = dict(list(made.answers.items())[:12])
    return made.offering({**made.signals, "logits": np.float32(logits)}).answered(few)


def share_known(made: World, query: Query) -> float:
    return float((made.hidden[query.indices] >= 0).mean())


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_what_was_learned_finds_more_known_than_the_sum(seed: int) -> None:
    made = planted(seed)
    labeled = LabeledSet(len(made), 3)
    labeled.add(list(made.answers), list(made.answers.values()))
    mixed = np.setdiff1d(np.arange(len(made)), list(made.answers))[:120]
    labeled.begin_round(
        CHAIN.query(made.pool, labeled, len(mixed), candidates=mixed, seed=0)
    )  # known and unknown alike
    labeled.add(mixed, made.hidden[mixed])
    after = CHAIN.query(made.pool, labeled, 60, seed=0)
    forgotten = LabeledSet(len(made), 3)
    forgotten.add(
        [*labeled.known_indices, *labeled.unknown_indices],
        [*labeled.known_labels, *[UNKNOWN] * len(labeled.unknown_indices)],
    )
    before = CHAIN.query(made.pool, forgotten, 60, seed=0)
    assert (before.diagnostics["meta_answers"], after.diagnostics["meta_answers"]) == (0, 120)
    assert share_known(made, after) > share_known(made, before)


@pytest.mark.long
@pytest.mark.usefixtures("briefly")
@pytest.mark.parametrize("engine", [Blocks(1), Blocks(7), Elsewhere()])
@pytest.mark.parametrize("twice", [False, True])
def test_taught_scores_do_not_depend_on_blocks(engine: Any, twice: bool) -> None:
    made = world().doubled() if twice else world()
    labeled = answered(made)
    expected = META(view_of(labeled, made))
    found = META(view_of(labeled, made, made.pool.with_engine(engine)))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    order = [
        Top(META)(view_of(labeled, made, pool), 9).rows
        for pool in (made.pool, made.pool.with_engine(engine))
    ]
    assert order[0].tolist() == order[1].tolist()


@pytest.mark.usefixtures("briefly")
def test_duplicates_score_equally_and_the_candidates_are_a_set() -> None:
    made = world().doubled()
    labeled = answered(made)
    view = view_of(labeled, made)
    scores = dict(zip(view.pool.indices.tolist(), META(view).tolist(), strict=True))
    pairs = [(i, i + 1) for i in range(0, len(made), 2) if {i, i + 1} <= scores.keys()]
    assert len(pairs) > 5
    assert all(scores[a] == scores[b] for a, b in pairs)
    shuffled = np.random.default_rng(0).permutation(view.pool.indices)
    asked = [CHAIN.query(made.pool, labeled, 6, candidates=c, seed=0) for c in (None, shuffled)]
    assert asked[0].indices.tolist() == asked[1].indices.tolist()


def test_it_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(META)) == META
    assert MetaScore(LeastConfidence(), purity=NearestKnown(), logits="before") != META
    with pytest.raises(ArgumentError, match="informativeness must be"):
        MetaScore(LeastConfidence, purity=NearestKnown())  # type: ignore[arg-type]
