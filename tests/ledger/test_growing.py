"""A ledger that grows: item i stays item i, whenever it grew."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openal.errors import AnswerError, ArgumentError, LedgerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import read_whole
from openal.pool import Pool
from openal.strategies import NEAT
from openal.testing._world import world

CLASSES = ["cat", "dog"]
KEYS = [f"{letter}.jpg" for letter in "abcdefgh"]


def told(labeled: LabeledSet) -> tuple[Any, ...]:
    """All that a ledger tells."""
    rounds = [(r.indices.tolist(), r.labels.tolist(), r.begun) for r in labeled.history]
    arrays = [*labeled.answers(), labeled.unlabeled_indices, labeled.pending_indices]
    arrays += [labeled.skipped_indices, labeled.disputed_indices]
    said = (labeled.annotators, labeled.disagreements, labeled.counts, labeled.classes)
    return (labeled.size, rounds, [array.tolist() for array in arrays], *said)


@pytest.fixture(params=["memory", "disk"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., LabeledSet]:
    path = tmp_path / "answers.db" if request.param == "disk" else None
    return lambda size=5, **options: LabeledSet(size, CLASSES, path, **options)


# --- grow


def test_items_are_added_at_the_end(make: Callable[..., LabeledSet]) -> None:
    labeled = make()
    labeled.add([4, 0], [1, UNKNOWN])
    labeled.grow(7)
    labeled.add([6], [0])
    assert labeled.unlabeled_indices.tolist() == [1, 2, 3, 5]
    assert labeled.known_indices.tolist() == [4, 6]


def test_the_same_size_is_no_event(make: Callable[..., LabeledSet]) -> None:
    labeled = make()
    before = len(labeled._log.events())
    labeled.grow(5)
    assert len(labeled._log.events()) == before


def test_a_smaller_size_is_refused_with_the_first_item_that_is_lost(
    make: Callable[..., LabeledSet],
) -> None:
    labeled = make(keys=KEYS[:5])
    labeled.add(["d.jpg"], ["cat"])
    with pytest.raises(LedgerError, match=r"size 5, asked for was 3: item 3.* is there"):
        labeled.grow(3)
    assert labeled.size == 5


def test_with_keys_the_new_ones_are_given_too(make: Callable[..., LabeledSet]) -> None:
    labeled = make(keys=KEYS[:5])
    with pytest.raises(LedgerError, match="keys= of all 6 items"):
        labeled.grow(6)
    with pytest.raises(LedgerError, match=r"item 1 is 'b\.jpg' there and 'z'"):
        labeled.grow(6, keys=["a.jpg", "z", *KEYS[2:6]])
    labeled.grow(6, keys=KEYS[:6])
    labeled.add(["f.jpg"], ["dog"])
    assert labeled.known_indices.tolist() == [5]


def test_closed_it_does_not_grow(make: Callable[..., LabeledSet]) -> None:
    labeled = make()
    labeled.close()
    with pytest.raises(LedgerError, match="closed"):
        labeled.grow(6)


def test_before_it_grew_an_item_is_refused(make: Callable[..., LabeledSet]) -> None:
    with pytest.raises(AnswerError, match="run from 0 to 4"):
        make().add([5], [0])


def test_a_copy_has_grown_too(make: Callable[..., LabeledSet]) -> None:
    import pickle

    labeled = make()
    labeled.grow(6)
    labeled.add([5], [0])
    assert told(pickle.loads(pickle.dumps(labeled))) == told(labeled)


# --- files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    LabeledSet(5, CLASSES, tmp_path / "answers.db").add([3], [0])
    return tmp_path / "answers.db"


def test_opened_with_a_larger_size_a_file_grows(path: Path) -> None:
    LabeledSet(6, [*CLASSES, "owl"], path).add([5], ["owl"])
    assert read_whole(path).answers.size == 6
    assert LabeledSet(6, [*CLASSES, "owl"], path).known_labels.tolist() == [0, 2]


def test_a_smaller_size_opens_nothing(path: Path) -> None:
    LabeledSet(7, CLASSES, path)
    before = path.read_bytes()
    for size in (4, 6):
        with pytest.raises(LedgerError, match=f"asked for was {size}.*tem {size}"):
            LabeledSet(size, CLASSES, path)
    assert path.read_bytes() == before


def test_grown_without_keys_it_takes_them_later(path: Path) -> None:
    LabeledSet(8, CLASSES, path, keys=KEYS)
    with pytest.raises(LedgerError, match=r"item 3 is 'd\.jpg' in the file"):
        LabeledSet(8, CLASSES, path, keys=KEYS[::-1])


def test_another_that_has_the_old_size_open_sees_it(path: Path) -> None:
    old = LabeledSet(5, CLASSES, path)
    LabeledSet(6, CLASSES, path).add([5], [1])
    assert old.size == 5
    old.add([0], [0])
    assert (old.size, old.known_indices.tolist()) == (6, [3, 5, 0])
    with pytest.raises(ArgumentError, match=r"has 6 items; the pool has 5\. The ledger grew"):
        NEAT().query(Pool(embeddings=np.eye(5), logits=np.eye(5)[:, :2]), old, 1)


def test_two_that_grow_to_two_sizes_agree(path: Path) -> None:
    first, second = LabeledSet(5, CLASSES, path), LabeledSet(5, CLASSES, path)
    second.grow(7)
    with pytest.raises(LedgerError, match="size 7, asked for was 6"):
        first.grow(6)
    first.grow(8)
    second.refresh()
    assert first.size == second.size == 8


PROCESSES = multiprocessing.get_context("fork")


def grow_until_killed(path: Path, out: Any) -> None:
    labeled = LabeledSet(5, CLASSES, path, keys=[f"{at}" for at in range(5)])
    for size in range(6, 2000):
        labeled.grow(size, keys=[f"{at}" for at in range(size)])
        labeled.add([size - 1], [size % 2])
        out.send(size)


@pytest.mark.skipif(os.name == "nt", reason="processes are forked")
@pytest.mark.parametrize("after", [1, 7])
def test_what_had_grown_is_there_after_a_kill(tmp_path: Path, after: int) -> None:
    path = tmp_path / "answers.db"
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=grow_until_killed, args=(path, there), daemon=True)
    process.start()
    sizes = [here.recv() for _ in range(after)]
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    size = read_whole(path).answers.size
    labeled = LabeledSet(size, CLASSES, path, keys=[f"{at}" for at in range(size)])
    assert size >= sizes[-1]
    assert {*range(5, sizes[-1])} <= {*labeled.known_indices.tolist()}
    labeled.grow(size + 1, keys=[f"{at}" for at in range(size + 1)])


def test_killed_between_the_size_and_the_keys_it_opens_with_them(path: Path) -> None:
    """Growing is two events where there are keys; after the first nothing is lost."""
    LabeledSet(5, CLASSES, path, keys=KEYS[:5])
    labeled = LabeledSet(5, CLASSES, path)
    labeled._log.record(lambda _: type(labeled._log.events()[0])("size", [], [], texts=("8",)))
    assert LabeledSet(8, CLASSES, path, keys=KEYS).keys is not None
    with pytest.raises(LedgerError, match="other keys"):
        LabeledSet(8, CLASSES, path, keys=[*KEYS[:7], "z"])


# --- the same as from the start

LABEL = st.integers(SKIPPED, 1)
STEP = st.tuples(
    st.sampled_from(["add", "add", "relabel", "retract", "round", "abandon"]),
    st.lists(st.tuples(st.integers(0, 7), LABEL), max_size=3, unique_by=lambda pair: pair[0]),
    st.sampled_from([None, "ann", "bob"]),
)


def happen(labeled: LabeledSet, step: Any, size: int) -> str | None:
    """What a step does, or why not."""
    kind, pairs, who = step
    pairs = [pair for pair in pairs if pair[0] < size]
    indices, labels = [i for i, _ in pairs], [label for _, label in pairs]
    try:
        if kind in ("add", "relabel"):
            getattr(labeled, kind)(indices, labels, annotator=who)
        elif kind == "retract":
            labeled.retract(indices)
        elif kind == "round":
            labeled.begin_round(SimpleNamespace(indices=indices))
        else:
            labeled.abandon_round()
    except AnswerError as error:
        return str(error)
    return None


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(STEP, max_size=10), st.integers(0, 10), st.booleans(), st.booleans())
def test_grown_at_any_moment_it_is_a_ledger_that_was_large_from_the_start(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], at: int, disk: bool, named: bool
) -> None:
    path = tmp_path_factory.mktemp("grown") / "answers.db" if disk else None
    keys = [KEYS[:5], KEYS] if named else [None, None]
    grown, large = LabeledSet(5, CLASSES, path, keys=keys[0]), LabeledSet(8, CLASSES, keys=keys[1])
    for number, step in enumerate(steps):
        if number == at:
            grown.grow(8, keys=keys[1])
        size = 8 if number >= at else 5
        assert happen(grown, step, size) == happen(large, step, size)
    grown.grow(8, keys=keys[1])
    assert told(grown) == told(large)
    if path is not None:
        assert told(LabeledSet(8, CLASSES, path, keys=keys[1])) == told(large)


def test_a_query_of_a_pool_that_grew_is_that_of_one_that_was_large_from_the_start() -> None:
    made = world()
    grown, large = LabeledSet(50, 3), LabeledSet(60, 3)
    answers = {i: label for i, label in made.answers.items() if i < 50}
    for labeled in (grown, large):
        labeled.add([*answers], [*answers.values()])
    small = {name: values[:50] for name, values in made.signals.items()}
    NEAT().query(Pool(**small), grown, 5, seed=0)
    grown.grow(60)
    queries = [NEAT().query(made.pool, each, 5, seed=0) for each in (grown, large)]
    assert queries[0].indices.tolist() == queries[1].indices.tolist()
