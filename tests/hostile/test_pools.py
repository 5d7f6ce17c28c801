"""A pool that grew, shrank or changed its order is noticed before anything is asked or written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, LedgerError, OpenALError, StoreError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.store import Embeddings, build_store
from openal.strategies import available
from openal.testing import world
from openal.testing._repeat_checks import expect_randomness_alone
from tests.walking import walked

STRATEGIES = {name: kind() for name, kind in available().items()}

N = 20
INPUTS = torch.randn(N, 4, generator=torch.Generator().manual_seed(0))
NAMES = [f"{at:02}.png" for at in range(N)]


def double(x: Tensor) -> Tensor:
    return 2 * x


CHANGES: dict[str, Callable[[Any], Any]] = {
    "one more at the end": lambda items: [*items, items[0]],
    "one more at the start": lambda items: [items[0], *items],
    "one less": lambda items: items[:-1],
    "in another order": lambda items: [*items[1:], items[0]],
    "backwards": lambda items: [*items][::-1],
    "two changed places": lambda items: [items[-1], *items[1:-1], items[0]],
}

COUNTED = {"one more at the end", "one more at the start", "one less"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@walked
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("named", [False, True], ids=["by their inputs", "by their names"])
@pytest.mark.parametrize("finished", [False, True], ids=["half filled", "finished"])
def test_a_store_is_about_the_items_it_was_begun_with(
    tmp_path: Path, change: str, named: bool, finished: bool
) -> None:
    parts = {} if finished else {"part": (0, 2)}
    names = {"identities": NAMES} if named else {}
    build_store(
        tmp_path, [*INPUTS], double, fingerprint={"encoder": "a"}, shard_rows=6, **names, **parts
    )
    before = content(tmp_path)
    items = CHANGES[change]([*INPUTS])
    names = {"identities": CHANGES[change](NAMES)} if named else {}
    what = "number of items" if change in COUNTED else "name" if named else "mean input of item"
    with expect_randomness_alone("a refused store"), pytest.raises(StoreError) as error:
        build_store(tmp_path, items, double, fingerprint={"encoder": "a"}, shard_rows=6, **names)
    assert what in str(error.value) and str(tmp_path) in str(error.value)
    assert content(tmp_path) == before


@walked
@pytest.mark.parametrize("size", [N - 1, N + 1, 0, 10**6])
def test_a_store_of_another_length_is_no_signal_of_the_pool(tmp_path: Path, size: int) -> None:
    store = build_store(tmp_path, [*INPUTS], double, fingerprint={"encoder": "a"})
    with pytest.raises(ArgumentError, match=rf"agree on N: embeddings has {N}, items has {size}"):
        Pool(range(size), embeddings=store)


def test_a_store_that_claims_more_rows_than_it_has(tmp_path: Path) -> None:
    build_store(tmp_path, [*INPUTS], double, fingerprint={"encoder": "a"})
    (path,) = tmp_path.glob("*.json")
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told).replace(f'"count": {N}', f'"count": {N + 1}'))
    with pytest.raises(StoreError):
        Embeddings(tmp_path)


@walked
@pytest.mark.parametrize("size", [0, 59, 61, 6000])
@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_pool_that_grew_or_shrank_is_asked_nothing(
    tmp_path: Path, name: str, on_disk: bool, size: int
) -> None:
    path = tmp_path / "answers.db" if on_disk else None
    made, labeled = world(), LabeledSet(size, 3, path)
    before = repr(labeled), None if path is None else path.read_bytes()
    words = f"labeled has {size} items; the pool has 60"
    with expect_randomness_alone("a refused query"), pytest.raises(OpenALError, match=words):
        STRATEGIES[name].query(made.pool, labeled, 5, seed=0, progress=False)
    assert (repr(labeled), None if path is None else path.read_bytes()) == before


def test_a_file_of_answers_is_not_opened_for_a_smaller_pool(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    LabeledSet(60, 3, path).add([4, 59], [0, 1])
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="size 60, asked for was 59"):
        LabeledSet(59, 3, path)
    assert path.read_bytes() == before


@walked
@pytest.mark.parametrize("size", [59, 61])
def test_items_and_candidates_of_another_pool(size: int) -> None:
    made = world()
    with pytest.raises(ArgumentError, match="must agree on N"):
        made.pool.with_signals(embeddings=np.zeros((size, 8)))
    with pytest.raises(ArgumentError, match="dataset"):
        made.labeled.known_subset(range(size))


def test_arrays_in_another_order_cannot_be_noticed_but_the_answers_stay() -> None:
    """Rows without names have no identity: the answers are those of the indices, whatever moves."""
    made = world()
    turned = made.offering({name: values[::-1] for name, values in made.signals.items()})
    told = made.labeled.counts, made.labeled.unlabeled_indices.tolist()
    for name in ("NEAT", "EOAL", "Random"):
        query = STRATEGIES[name].query(turned.pool, made.labeled, 5, seed=0, progress=False)
        assert np.isin(query.indices, made.labeled.unlabeled_indices).all()
    assert (made.labeled.counts, made.labeled.unlabeled_indices.tolist()) == told
