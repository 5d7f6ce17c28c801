"""What frozen learners computed is kept while all that it came from is the same, and no longer."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal._checksums import checksums_at, checksums_in_blocks, content_of, row_checksums
from openal._learner_state import state_of
from openal.labeled import LabeledSet
from openal.learners import Encoder
from openal.learners._embedding_pass import store_stamp
from openal.model import Model
from openal.pool import Pool
from openal.strategies import Random

N = 12
Z = np.random.default_rng(0).standard_normal((N, 4), np.float32)
ALL = np.arange(N)


# --- checksums

KINDS: dict[str, Callable[[], Tensor]] = {
    "float32": lambda: torch.randn(5, 3),
    "bfloat16": lambda: torch.randn(5, 3).bfloat16(),
    "uint8 images": lambda: torch.randint(0, 255, (5, 3, 2, 2), dtype=torch.uint8),
    "one number": lambda: torch.randn(5),
    "columns": lambda: torch.randn(3, 5).T,
    "no rows": lambda: torch.randn(0, 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_equal_rows_and_no_others_have_equal_checksums(kind: str) -> None:
    rows = KINDS[kind]()
    sums = row_checksums(rows)
    assert sums.shape == (len(rows), 2)
    assert sums.dtype == torch.int64
    assert torch.equal(row_checksums(rows.flip(0)).flip(0), sums)
    assert len({*map(tuple, sums.tolist())}) == len(rows)


def test_signs_and_the_last_bit_are_told() -> None:
    rows = torch.tensor([[1.0, 2.0], [-1.0, -2.0], [1.0, 2.0000002], [2.0, 1.0]])
    assert len({*map(tuple, row_checksums(rows).tolist())}) == 4


def test_in_place_and_in_blocks_they_are_the_same() -> None:
    indices = np.array([3, 0, 11])
    direct = checksums_at(Z, indices)
    assert np.array_equal(direct, row_checksums(torch.from_numpy(Z[indices])).numpy())
    blocks = checksums_in_blocks(lambda at: torch.from_numpy(Z[at]), np.resize(indices, 5000))
    assert np.array_equal(blocks[-3:], np.roll(direct, -2, axis=0))


def test_a_sparse_tensor_has_a_content() -> None:
    assert np.array_equal(content_of(torch.eye(3).to_sparse()), content_of(torch.eye(3)))


# --- a learner's state


@dataclass(eq=False)
class Fitted:
    """A frozen learner of a user's: what it holds, it multiplies by."""

    inner: Any
    reads: tuple[str, ...] = ("embeddings",)
    offers: tuple[str, ...] = ("x",)
    calls: list[list[int]] = field(default_factory=list)

    def signals(
        self, pool: Any, indices: np.ndarray, names: tuple[str, ...], *, progress: Any = None
    ) -> dict[str, Tensor]:
        self.calls.append(indices.tolist())
        rows = pool.take("embeddings", indices) if "embeddings" in self.reads else torch.ones(1)
        return {"x": rows.sum(dim=-1).expand(len(indices)) * float(np.sum(self.inner.weight))}


class Plain:
    def __init__(self, weight: Any) -> None:
        self.weight = weight


def test_what_did_not_change_is_computed_once() -> None:
    learner = Fitted(Plain(np.ones(3)))
    pool = Pool(embeddings=Z, x=learner)
    for indices in ([0, 1], [1, 2], ALL, ALL):
        pool.take("x", indices)
    assert learner.calls == [[0, 1], [2], [*range(3, N)]]


REFITS: dict[str, Callable[[Fitted], object]] = {
    "an array in place": lambda learner: learner.inner.weight.__setitem__(0, 5.0),
    "an array of its own": lambda learner: setattr(learner.inner, "weight", np.full(3, 2.0)),
    "another object": lambda learner: setattr(learner, "inner", Plain(np.full(2, 3.0))),
}


@pytest.mark.parametrize("refit", REFITS)
def test_a_refitted_learner_computes_anew(refit: str) -> None:
    learner = Fitted(Plain(np.ones(3)))
    pool = Pool(embeddings=Z, x=learner)
    pool.take("x", ALL)
    REFITS[refit](learner)
    expected = Pool(embeddings=Z, x=learner).take("x", ALL)
    assert torch.equal(pool.take("x", ALL), expected)
    pool.take("x", ALL)
    assert len(learner.calls) == 3  # the first, the fresh pool's, and one after the change


def test_a_forest_fitted_again_computes_anew() -> None:
    """Its trees are no Python objects: they count by their identity."""
    from sklearn.tree import DecisionTreeClassifier

    @dataclass(eq=False)
    class Tree(Fitted):
        def signals(self, pool: Any, indices: np.ndarray, *_: Any, **__: Any) -> dict[str, Tensor]:
            return {"x": torch.from_numpy(self.inner.predict(Z[indices]))}

    tree = DecisionTreeClassifier().fit(Z, Z[:, 0] > 0)
    pool = Pool(embeddings=Z, x=Tree(tree))
    before = pool.take("x", ALL)
    tree.fit(Z, Z[:, 0] <= 0)
    assert (pool.take("x", ALL) != before).all()


def test_only_rows_whose_input_changed_are_computed_again() -> None:
    learner, z = Fitted(Plain(np.ones(3))), Z.copy()
    pool = Pool(embeddings=z, x=learner)
    pool.take("x", ALL)
    z[[3, 7]] += 1
    assert torch.allclose(pool.take("x", ALL), torch.from_numpy(z).sum(dim=1) * 3)
    assert learner.calls == [[*range(N)], [3, 7]]


def test_a_chain_of_learners_begins_anew_with_the_first() -> None:
    network, items = nn.Linear(4, 4), torch.from_numpy(Z.copy())
    learner = Fitted(Plain(np.ones(1)))
    pool = Pool(items, embeddings=Encoder(network), x=learner)
    pool.take("x", ALL)
    nn.init.ones_(network.weight)
    expected = Pool(items, embeddings=Encoder(network), x=learner).take("x", ALL)
    assert torch.equal(pool.take("x", ALL), expected)


def test_without_reads_a_learner_is_asked_once() -> None:
    learner = Fitted(Plain(np.ones(1)), reads=())
    pool = Pool(embeddings=Z, x=learner)
    pool.take("x", ALL)
    pool.take("x", ALL)
    assert len(learner.calls) == 1


# --- networks


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.passed = Counter[str]()  # shared by the copy that is evaluated

    def forward(self, x: Tensor) -> Tensor:
        self.passed["rows"] += len(x)
        return self.layer(x)  # type: ignore[no-any-return]


def test_another_mode_is_no_other_network() -> None:
    network = Counting()
    pool = Pool(torch.from_numpy(Z), logits=Model(network))
    for mode in (True, False, True):
        network.train(mode)
        pool.take("logits", ALL)
    assert network.passed["rows"] == N


def test_weights_that_changed_during_a_pass_are_not_trusted() -> None:
    """The rows are of the weights before; afterwards nobody knows which they were of."""
    network = Counting()

    def encode(x: Tensor) -> Tensor:
        output = network(x)
        if network.passed["rows"] <= N:
            thread = threading.Thread(target=lambda: network.layer.weight.data.fill_(1))
            thread.start()
            thread.join()
        return output  # type: ignore[no-any-return]

    pool = Pool(torch.from_numpy(Z), embeddings=Encoder(encode))
    pool.take("embeddings", ALL)
    expected = torch.from_numpy(Z).sum(dim=1, keepdim=True) + network.layer.bias
    assert torch.allclose(pool.take("embeddings", ALL), expected, atol=1e-6)


def test_a_network_without_values_is_not_remembered() -> None:
    assert state_of(Fitted(nn.Linear(2, 2, device="meta"))) is None


NETWORKS = [nn.Linear(4, 2), nn.Linear(4, 2)]


class Switching:
    def __call__(self, x: Tensor) -> Tensor:
        return NETWORKS[0](x)  # type: ignore[no-any-return]


def test_a_method_that_was_replaced_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a notebook that reloads its modules does."""
    encoder = Encoder(Switching())
    pool = Pool(torch.from_numpy(Z), embeddings=encoder)
    pool.take("embeddings", ALL)
    monkeypatch.setattr(Switching, "__call__", lambda self, x: NETWORKS[1](x))
    expected = NETWORKS[1](torch.from_numpy(Z)).detach()
    assert torch.allclose(pool.take("embeddings", ALL), expected)


# --- items


@pytest.mark.parametrize("kind", ["tensor", "array", "list", "dataset"])
def test_items_changed_in_memory_are_encoded_again(kind: str) -> None:
    x, network = torch.from_numpy(Z.copy()), Counting()
    kinds = {"tensor": x, "array": x.numpy(), "list": [(row, 0) for row in x]}
    items = kinds.get(kind, torch.utils.data.TensorDataset(x))
    pool = Pool(items, embeddings=Encoder(network))
    pool.take("embeddings", ALL)
    x[5] = 0
    assert torch.allclose(pool.take("embeddings", ALL), network.layer(x).detach())
    assert network.passed["rows"] == N + 1


def test_items_changed_in_memory_are_compared_again() -> None:
    items = torch.arange(12).reshape(6, 2)
    pool = Pool(items)
    assert pool.copies().tolist() == [0, 1, 2, 3, 4, 5]
    items[4] = items[1]
    assert pool.copies().tolist() == [0, 1, 2, 3, 1, 5]


def test_items_that_are_not_in_memory_are_read_once() -> None:
    class Reading:
        reads = 0

        def __len__(self) -> int:
            return N

        def __getitem__(self, index: int) -> Tensor:
            self.reads += 1
            return torch.from_numpy(Z[index])

    items, network = Reading(), Counting()
    pool = Pool(items, embeddings=Encoder(network))
    for _ in range(3):
        pool.take("embeddings", ALL)
    assert network.passed["rows"] == N


# --- tables and stores


def test_a_table_changed_in_place_is_read_anew() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": np.arange(3), "b": np.linspace(0, 1, 3)})
    pool = Pool(x=frame)
    frame.loc[1, "b"] = 7.0
    pool.view(LabeledSet(3, 1), reads=("x",))
    assert pool.take("x", [1]).tolist() == [[1.0, 7.0]]


class Shelf:
    """A learner with a store that another process may write."""

    offers, reads, store = ("embeddings",), (), "somewhere"

    def __init__(self) -> None:
        self.written, self.opened = 0, 0

    def _made_from(self) -> int:
        return self.written

    def signals(self, *_: Any, **__: Any) -> dict[str, Tensor]:
        raise AssertionError

    def stored(self, pool: Any, *, progress: bool | None = None) -> np.ndarray:
        self.opened += 1
        return Z + self.written


def test_a_store_is_opened_again_once_it_was_written() -> None:
    shelf = Shelf()
    pool = Pool(list(range(N)), embeddings=shelf)
    for _ in range(2):
        assert np.array_equal(pool.take("embeddings", ALL).numpy(), Z)
    shelf.written = 1
    for _ in range(2):
        assert np.array_equal(pool.take("embeddings", ALL).numpy(), Z + 1)
    assert shelf.opened == 2


def test_a_store_replaced_by_another_of_the_same_size_and_time_has_another_stamp(
    tmp_path: Path,
) -> None:
    import os

    (tmp_path / "manifest.json").write_text("one")
    before, times = store_stamp(tmp_path), (tmp_path / "manifest.json").stat()
    (tmp_path / "new").write_text("two")
    os.utime(tmp_path / "new", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "new").replace(tmp_path / "manifest.json")
    assert store_stamp(tmp_path) != before


# --- what a query gives once is not looked at


def test_the_network_of_one_query_is_not_read_for_a_checksum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Any) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("openal._sources.state_of", refuse)
    pool, network = Pool(torch.from_numpy(Z), embeddings=Z), Counting()
    view = pool.view(LabeledSet(N, 3), reads=("logits",), model=network)
    assert len(view.pool["logits"]) == N
    Random().query(pool, LabeledSet(N, 3), 2, model=network, seed=0)
