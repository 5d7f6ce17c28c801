"""Any history of answers, opinions, classes and policies agrees with a model of sixty lines.

In memory, on disk, from two handles of one file, and after reopening.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openal.errors import AnswerError
from openal.labeled import SKIPPED, LabeledSet
from openal.ledger import read_whole
from openal.view import PENDING

SIZE, KEYS = 5, tuple("abcde")
ITEM, LABEL = st.integers(0, SIZE - 1), st.integers(SKIPPED, 3)
PAIRS = st.lists(st.tuples(ITEM, LABEL), max_size=3, unique_by=lambda pair: pair[0])
WHO = st.sampled_from([None, "ann", "bob", "eve"])
STEP = st.one_of(
    st.tuples(st.sampled_from(["add", "add", "add", "relabel", "retract", "round"]), PAIRS, WHO),
    st.tuples(st.just("class"), st.sampled_from(["x", "y"]), WHO),
    st.tuples(st.just("policy"), st.sampled_from(["first", "majority", "ask"]), WHO),
    st.tuples(st.just("abandon"), st.just([]), WHO),
)
HISTORY = st.lists(st.tuples(STEP, st.booleans()), max_size=14)


@dataclass
class Model:
    """Who said what about each item, in order; all else follows."""

    classes: list[str] = field(default_factory=lambda: ["cat", "dog"])
    said: dict[int, list[tuple[Any, int]]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    pending: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    policy: str = "first"

    def counts(self, index: int) -> tuple[Any, int] | None:
        said = self.said.get(index)
        if not said or self.policy == "first" or len(said) == 1:
            return said[0] if said else None
        votes = Counter(label for _, label in said)
        best = [label for label in votes if votes[label] == max(votes.values())]
        if len(best) > 1 and self.policy == "ask":
            return None
        return next(pair for pair in said if pair[1] == best[0])

    def settle(self) -> None:
        for index in [index for index in self.said if self.counts(index)]:
            self.order += [] if index in self.order else [index]
            self.pending.discard(index)
        gone = [index for index in self.order if not self.counts(index)]
        self.order = [index for index in self.order if index not in gone]
        self.pending |= {*gone} & self.asked if self.pending else set()

    def refuses(self, kind: str, pairs: Any, who: Any) -> bool:
        if kind in ("add", "relabel") and any(y >= len(self.classes) for _, y in pairs):
            return True
        if kind == "add":
            return any(self._contradicts(self.said.get(i, []), y, who) for i, y in pairs)
        if kind == "retract" and who:
            return any(who not in [name for name, _ in self.said.get(i, [])] for i, _ in pairs)
        if kind in ("relabel", "retract"):
            return any(i not in self.said for i, _ in pairs)
        return kind == "round" and (bool(self.pending) or any(i in self.order for i, _ in pairs))

    def _contradicts(self, said: list[tuple[Any, int]], label: int, who: Any) -> bool:
        names = dict(said)
        if who in names:
            return names[who] != label
        return (who is None or None in names) and any(other != label for _, other in said)

    def apply(self, kind: str, value: Any, who: Any) -> None:
        for index, label in value if kind in ("add", "relabel", "retract") else []:
            said = self.said.get(index, [])
            if kind == "add":
                new = not said or (who and who not in dict(said) and None not in dict(said))
                self.said[index] = [*said, (who, label)] if new else said
            elif kind == "relabel":
                agreed = {given for _, given in said} == {label}
                self.said[index] = said if agreed else [(who, label)]
            else:
                self.said[index] = [pair for pair in said if who and pair[0] != who]
                if not self.said[index]:
                    del self.said[index]
        if kind == "round":
            self.pending = self.asked = {index for index, _ in value}
            self.pending = {*self.pending}
        elif kind == "abandon":
            self.pending = set()
        elif kind == "class":
            self.classes += [] if value in self.classes else [value]
        elif kind == "policy":
            self.policy = value
        self.settle()


def call(labeled: LabeledSet, kind: str, value: Any, who: Any) -> None:
    if kind == "class":
        labeled.add_class(value)
    elif kind == "policy":
        labeled.set_policy(value)
    elif kind == "abandon":
        labeled.abandon_round()
    elif kind == "round":
        labeled.begin_round(SimpleNamespace(indices=[i for i, _ in value]))
    elif kind == "retract":
        labeled.retract([i for i, _ in value], annotator=who)
    else:
        indices, labels = [KEYS[i] for i, _ in value], [y for _, y in value]
        getattr(labeled, kind)(indices, labels, annotator=who)


def told(labeled: LabeledSet) -> Any:
    arrays = [a.tolist() for a in (*labeled.answers(), labeled.skipped_indices)]
    rounds = [(r.indices.tolist(), r.labels.tolist(), r.begun) for r in labeled.history]
    others = labeled.annotators, labeled.disagreements, labeled.classes, labeled.policy
    return (
        arrays,
        rounds,
        labeled.pending_indices.tolist(),
        labeled.disputed_indices.tolist(),
        others,
    )


def agree(labeled: LabeledSet, model: Model) -> None:
    counted = {index: model.counts(index) for index in model.order}
    labels = {index: pair[1] for index, pair in counted.items() if pair}
    k = len(model.classes)
    assert labeled.classes == tuple(model.classes)
    indices, classes = (array.tolist() for array in labeled.answers())
    assert indices == [i for i in model.order if labels[i] != SKIPPED]
    assert classes == [k if labels[i] == -1 else labels[i] for i in indices]
    assert labeled.skipped_indices.tolist() == [i for i in model.order if labels[i] == SKIPPED]
    assert labeled.annotators == {i: pair[0] for i, pair in counted.items() if pair and pair[0]}
    assert {*labeled.pending_indices.tolist()} == model.pending
    differ = {i: dict(said) for i, said in model.said.items() if len({y for _, y in said}) > 1}
    assert labeled.disagreements == differ
    assert {*labeled.disputed_indices.tolist()} == {*model.said} - {*model.order}
    rounds = [(r.indices.tolist(), r.labels.tolist()) for r in labeled.history]
    asked = [pair for pairs in rounds for pair in zip(*pairs, strict=True)]
    assert Counter(pair for pair in asked if pair[1] != PENDING) == Counter(labels.items())


def follow(handles: list[LabeledSet], history: Any) -> None:
    model = Model()
    for (kind, value, who), second in history:
        labeled = handles[second]
        labeled.refresh()
        if model.refuses(kind, value, who):
            before = told(labeled)
            with pytest.raises(AnswerError):
                call(labeled, kind, value, who)
            assert told(labeled) == before
            continue
        call(labeled, kind, value, who)
        model.apply(kind, value, who)
        agree(labeled, model)


@settings(deadline=None, max_examples=60)
@given(HISTORY)
def test_any_history_agrees_with_a_model(history: Any) -> None:
    labeled = LabeledSet(SIZE, ["cat", "dog"], keys=KEYS)
    follow([labeled, labeled], history)


@pytest.mark.long
@settings(deadline=None, max_examples=25)
@given(HISTORY)
def test_so_it_does_from_two_handles_of_a_file_and_after_reopening(history: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        handles = [LabeledSet(SIZE, ["cat", "dog"], path, keys=KEYS) for _ in range(2)]
        follow(handles, history)
        for labeled in handles:
            labeled.refresh()
        again = LabeledSet(SIZE, handles[0].classes, path, keys=KEYS)
        assert told(again) == told(handles[0]) == told(handles[1])
        assert len(read_whole(path).answers.labels) == len(again)
