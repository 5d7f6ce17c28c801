"""Data sets as they come: empty, wrong about their length, corrupt, random, lost in a worker."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, IterableDataset

from openal._batches import batches
from openal.errors import ArgumentError, OpenALError
from openal.labeled import LabeledSet
from openal.learners import Encoder
from openal.model import Model
from openal.pool import Pool
from openal.store import build_store
from openal.strategies import available
from tests.walking import walked

CPU = torch.device("cpu")
X = torch.eye(4)[torch.arange(20) % 4]


class Items(Dataset[Any]):
    """Twenty inputs, in any form; it takes Python's integers alone, as Arrow does."""

    def __init__(self, form: Callable[[Tensor], Any] = lambda x: x, length: Any = 20) -> None:
        self.form, self.length, self.transform = form, length, None

    def __len__(self) -> Any:
        return self.length

    def __getitem__(self, index: int) -> Any:
        if type(index) is not int:
            raise TypeError(f"index must be an int, got {type(index).__name__}")
        return self.form(X[index])


class Corrupt(Items):
    def __getitem__(self, index: int) -> Any:
        if index == 11:
            raise OSError("image file is truncated")
        return super().__getitem__(index)


class Dying(Items):
    def __getitem__(self, index: int) -> Any:
        os._exit(1)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Tensor]:
        return iter(X)


class NoLength:
    def __getitem__(self, index: int) -> Tensor:
        return X[index]


FORMS: dict[str, Callable[[Tensor], Any]] = {
    "x": lambda x: x,
    "(x, y)": lambda x: (x, 3),
    "[x, y, path]": lambda x: [x, 3, "a.png"],
    "a dict": lambda x: {"label": 3, "pixel_values": x},
    "an array": Tensor.numpy,
}

READERS: dict[str, Callable[[Any], Any]] = {
    "Model": lambda items: Pool(items, logits=Model(nn.Flatten())).take("logits", np.arange(20)),
    "Encoder": lambda items: Pool(items, embeddings=Encoder(nn.Flatten())).take(
        "embeddings", np.arange(20)
    ),
}
"""What reads the items of a pool."""

LENGTHS: dict[str, Any] = {"negative": -1, "a float": 20.0, "nothing": None, "a text": "20"}


@walked
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reader", READERS)
def test_any_form_is_read_by_python_integers(reader: str, form: str) -> None:
    assert torch.equal(READERS[reader](Items(FORMS[form])), X)


@walked
@pytest.mark.parametrize("form", FORMS)
def test_a_store_and_a_subset_read_by_python_integers(form: str, tmp_path: Path) -> None:
    store = build_store(tmp_path, Items(FORMS[form]), nn.Flatten(), fingerprint={"encoder": "x"})
    assert np.array_equal(store[:], X.numpy())
    labeled = LabeledSet(20, 2)
    labeled.add(np.array([5, 6]), np.array([0, 1]))
    found = [(x.tolist(), y) for x, y in labeled.known_subset(Items(lambda x: (x, 9)))]
    assert found == [(X[5].tolist(), 0), (X[6].tolist(), 1)]


@walked
@pytest.mark.parametrize("reader", READERS)
def test_a_corrupt_item_is_named_wherever_it_stands(reader: str) -> None:
    with pytest.raises(ArgumentError, match=r"^items\[11\] must give .*image file is truncated"):
        READERS[reader](Corrupt())


@walked
@pytest.mark.parametrize("reader", READERS)
def test_a_length_beyond_the_items_names_the_first_that_is_missing(reader: str) -> None:
    items = Items(length=25)
    with pytest.raises(ArgumentError, match=r"^items\[20\] must give"):
        Pool(items, logits=Model(nn.Flatten())).take("logits", np.arange(25))


@walked
@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(ArgumentError, match=r"^items must have a length"):
        Pool(Items(length=LENGTHS[length]))


@walked
@pytest.mark.parametrize("items", [Stream(), NoLength(), {"a": 1}.values()])
def test_what_has_no_length_or_no_indices_is_refused(items: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^items must be a map-style"):
        Pool(items)


@walked
@pytest.mark.parametrize("name", available())
def test_a_pool_of_another_length_than_the_ledger_is_refused(name: str) -> None:
    labeled = LabeledSet(21, 2)
    with pytest.raises(OpenALError, match="labeled has 21 items; the pool has 20"):
        available()[name]().query(Pool(Items()), labeled, 2)
    assert labeled.history == LabeledSet(21, 2).history
    with pytest.raises(ArgumentError, match="dataset has 20 items; the labeled set has 21"):
        labeled.known_subset(Items())


@walked
@pytest.mark.parametrize("size", [0, 1])
def test_a_pool_of_one_item_or_none_is_asked_about_in_full(size: int) -> None:
    network = nn.Linear(4, 2)
    for name in ("Random", "Uncertainty", "Coreset"):
        query = available()[name]().query(Pool(X[:size]), LabeledSet(size, 2), 3, model=network)
        assert query.indices.tolist() == list(range(size))


# --- workers


def read(items: Any) -> list[Tensor]:
    return list(batches(items, np.arange(20), CPU, batch_size=5, workers=1, progress=False))


def test_a_corrupt_item_is_named_by_a_worker_too() -> None:
    with pytest.raises(ArgumentError, match=r"(?s)items\[11\] must give .*image file is truncated"):
        read(Corrupt())


def test_a_worker_that_dies_is_an_error_of_ours() -> None:
    with pytest.raises(ArgumentError, match=r"^workers=1 cannot read the items; workers=0"):
        read(Dying())


@pytest.mark.filterwarnings("ignore:Got pickle error")
def test_items_that_cannot_be_sent_to_a_worker_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spawn = multiprocessing.get_context("spawn")
    monkeypatch.setattr(multiprocessing.context._default_context, "_actual_context", spawn)
    with pytest.raises(ArgumentError, match=r"^workers=1 cannot read the items; workers=0"):
        read(Items(form=lambda x: x))
