"""Random histories of a folder: the store is one that is built at once, up to what is gone."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from torch import Tensor

from openal import LabeledSet, Pool
from openal.query import Chain
from openal.selection import KCenter
from openal.store import Embeddings, _stamps
from tests.store.pictures import BROKEN, picture, put, update

NAMES = st.sampled_from([f"{letter}.ppm" for letter in "abcdefg"] + ["in/a.ppm", "in/b.ppm"])
COLORS = st.integers(0, 12)
NOTHING = -1
Z = np.random.default_rng(0).normal(size=(256, 6)).astype(np.float32)


class Folder(RuleBasedStateMachine):
    """A folder that is changed at random, its store, and answers about its images."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(_stamps, "GRAIN", 0)
        self.patch.setattr(os, "fsync", lambda _: None)  # slow
        self.root = Path(tempfile.mkdtemp())
        self.photos, self.number = self.root / "photos", 0
        self.files: dict[str, int] = {}
        self.keys: tuple[str, ...] = ()
        self.colors: list[int] = []  # of each row, when it was embedded last
        self.answers: dict[int, int] = {}  # the color that was seen
        self.computed: list[int] = []
        self.photos.mkdir()
        self.put("keep.ppm", 200)
        self.embed()

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)

    def put(self, name: str, color: int) -> None:
        put(self.photos / name, BROKEN if color == NOTHING else picture(color))
        self.files[name] = color

    def encode(self, x: Tensor) -> Tensor:
        self.computed += x.numpy()[:, 0].astype(int).tolist()
        return torch.from_numpy(Z[x.numpy()[:, 0].astype(int)])

    @rule(name=NAMES, color=COLORS)
    def add_or_replace(self, name: str, color: int) -> None:
        self.put(name, color)

    @rule(name=NAMES)
    def break_it(self, name: str) -> None:
        self.put(name, NOTHING)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        if self.files.pop(name, None) is not None:
            (self.photos / name).unlink()

    @rule(before=NAMES, now=NAMES)
    def rename(self, before: str, now: str) -> None:
        if before in self.files and before != now:
            (self.photos / now).parent.mkdir(exist_ok=True)
            (self.photos / before).replace(self.photos / now)
            self.files[now] = self.files.pop(before)

    @rule(one=NAMES, other=NAMES)
    def exchange(self, one: str, other: str) -> None:
        if one in self.files and other in self.files and one != other:
            colors = self.files[one], self.files[other]
            self.put(one, colors[1])
            self.put(other, colors[0])

    @rule()
    def embed(self) -> None:
        self.computed = []
        store, match = update(self.root / "store", self.photos, encode=self.encode, shard_rows=3)
        self.require_rows(store)
        known = [self.files[name] for name in (*match.new, *match.replaced)]
        assert sorted(self.computed) == sorted(color for color in known if color != NOTHING)
        assert store.keys is not None and store.keys[: len(self.keys)] == self.keys
        self.keys = store.keys
        self.require_answers(store)

    def require_rows(self, store: Embeddings) -> None:
        """Every image has its row, and every row that is not retired is an image."""
        assert store.names is not None
        gone, broken = {*store.retired.tolist()}, {*store.unreadable.tolist()}
        there = {name: row for row, name in enumerate(store.names) if row not in gone}
        assert there.keys() == self.files.keys() and len(there) == len(store) - len(gone)
        for name, row in there.items():
            color = self.files[name]
            assert (row in broken) == (color == NOTHING)
            expected = np.zeros(6) if color == NOTHING else Z[color].astype(np.float16)
            np.testing.assert_array_equal(store[row], expected)
        for row, color in enumerate(self.colors):
            if row in gone and color != NOTHING:
                np.testing.assert_array_equal(store[row], Z[color].astype(np.float16))
        self.colors += [NOTHING] * (len(store) - len(self.colors))
        for name, row in there.items():
            self.colors[row] = self.files[name]

    def require_answers(self, store: Embeddings) -> None:
        """An answer is about the bytes that its row is of, or the row is flagged."""
        for row, seen in self.answers.items():
            assert self.colors[row] == seen or row in store.replaced

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        row = data.draw(st.integers(0, len(self.colors) - 1))
        self.answers.setdefault(row, self.colors[row])

    @precondition(lambda self: len({*self.files.values()} - {NOTHING}) > 4)
    @rule()
    def query(self) -> None:
        """A query picks what it picks from a store that is built at once."""
        self.embed()
        store, self.number = Embeddings(self.root / "store"), self.number + 1
        fresh, _ = update(
            self.root / f"fresh{self.number}", self.photos, encode=self.encode, shard_rows=3
        )
        gone = {*store.retired.tolist()}
        answered = [row for row in self.answers if row not in gone]
        left = {*self.files.values()} - {NOTHING, *(self.colors[row] for row in answered)}
        if len(left) > 3:  # else copies are asked, and of these the first
            again = self.asked(fresh, self.same(store, answered, fresh))
            np.testing.assert_array_equal(self.asked(store, answered), again)

    def same(self, store: Embeddings, rows: list[int], fresh: Embeddings) -> list[int]:
        assert store.names is not None and fresh.names is not None
        return [fresh.names.index(store.names[row]) for row in rows]

    def asked(self, store: Embeddings, answered: list[int]) -> np.ndarray:
        """The embeddings of what is asked: of copies either one may be."""
        pool, labeled = Pool(embeddings=store), LabeledSet(len(store), 2)
        if answered:
            labeled.add(answered, [0] * len(answered))
        chosen = Chain(KCenter("embeddings")).query(pool, labeled, budget=3, seed=0).indices
        assert not {*chosen.tolist()} & {*store.retired.tolist(), *store.unreadable.tolist()}
        z: np.ndarray = store[chosen]
        return z


TestRandomHistories = pytest.mark.long(Folder.TestCase)
TestRandomHistories.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
