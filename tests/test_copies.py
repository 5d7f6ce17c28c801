"""Copies of items: found exactly, and by a chain that skips them not asked about."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from openal import _copies
from openal._copies import first_equal, first_near
from openal.errors import ArgumentError, ArrayError, MissingSignalError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.query import Chain
from openal.selection import Filter, Top
from openal.strategies import BADGE, NEAT, Coreset, LfOSA, Random, TypiClust, Uncertainty
from openal.testing import check_strategy
from tests.walking import walked

BASE = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Z = np.concatenate([BASE, BASE[:15], BASE[20:30], BASE[:5]])
ORIGINAL = np.array([*range(40), *range(15), *range(20, 30), *range(5)])
STRATEGIES = (Random(), NEAT(), LfOSA(), TypiClust(), Coreset(), Uncertainty(), BADGE())


def pool(z: np.ndarray = Z) -> Pool:
    return Pool(embeddings=z, features=z, logits=z[:, :3])


def ledger(size: int = 70) -> LabeledSet:
    labeled = LabeledSet(size, 3)
    labeled.add(range(8), [0, 1, 2, UNKNOWN, SKIPPED, 0, 1, 2])
    return labeled


# --- what is the same


def brute_equal(rows: np.ndarray) -> list[int]:
    return [
        next(j for j in range(len(rows)) if (rows[i] == rows[j]).all()) for i in range(len(rows))
    ]


def brute_near(rows: Tensor, cosine: float, given: int) -> list[int]:
    lengths = rows.double().norm(dim=1, keepdim=True)
    cosines = rows.double() @ rows.double().T / (lengths @ lengths.T)
    first = list(range(len(rows)))
    for i in range(given, len(rows)):
        near = [j for j in range(i) if first[j] == j and cosines[i, j] >= cosine]
        first[i] = near[0] if near else i
    return first


@walked
@pytest.mark.parametrize("n", [0, 1, 30])
@pytest.mark.parametrize("columns", [1, 2])
def test_equal_rows_are_those_that_comparing_all_finds(n: int, columns: int) -> None:
    rows = np.random.default_rng(n).integers(0, 3, (n, columns))
    assert first_equal(rows).tolist() == brute_equal(rows)


@walked
@pytest.mark.parametrize("cosine", [0.5, 0.8, 0.99, 1.0])
@pytest.mark.parametrize("given", [0, 7])
@pytest.mark.parametrize("block", [3, 8, 100])
def test_near_rows_are_those_that_comparing_all_finds(
    cosine: float, given: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_copies, "BLOCK_ROWS", block)
    monkeypatch.setattr(_copies, "CHUNK_ROWS", block)
    rows = torch.from_numpy(np.random.default_rng(1).normal(size=(60, 3)))
    rows[30:40] = 3 * rows[:10]
    found = first_near(rows, cosine, given=given)
    assert found.tolist() == brute_near(rows, cosine - 1e-9, given)


def test_the_first_of_the_same_embeddings_stands_for_all() -> None:
    assert pool().copies().tolist() == ORIGINAL.tolist()


def test_the_two_zeros_are_one_number() -> None:
    assert Pool(embeddings=np.array([[0.0, 1.0], [-0.0, 1.0]])).copies().tolist() == [0, 0]


def test_signs_and_small_bits_are_not_overlooked() -> None:
    z = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [1.0, 1 + 2.0**-52]])
    assert Pool(embeddings=z).copies().tolist() == [0, 1, 2, 3, 4]


class Items(list[Any]):
    reads = 0

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return super().__getitem__(index)


def test_without_embeddings_items_are_compared_and_read_once() -> None:
    items = Items([(torch.from_numpy(z), 0) for z in Z])
    images = Pool(items)
    assert images.copies().tolist() == images.copies().tolist() == ORIGINAL.tolist()
    assert items.reads == len(Z)


def test_items_of_other_shapes_or_types_are_others() -> None:
    zeros = [torch.zeros(4), torch.zeros(2, 2), torch.zeros(4).int(), torch.zeros(4)]
    assert Pool(zeros).copies().tolist() == [0, 1, 2, 0]


def test_items_of_every_type_of_torch_are_compared() -> None:
    x = torch.tensor([1.0, 0.0])
    items = [x, x.bfloat16(), x.to_sparse(), x.bfloat16(), x.float().numpy()]
    assert Pool(items).copies().tolist() == [0, 1, 0, 1, 0]


def test_images_of_the_same_places_in_other_palettes_are_others() -> None:
    red, blue = (Image.new("P", (2, 2)) for _ in range(2))
    red.putpalette([255, 0, 0])
    blue.putpalette([0, 0, 255])
    assert Pool([red, blue, red.copy(), Image.new("L", (2, 2))]).copies().tolist() == [0, 1, 0, 3]


@pytest.mark.parametrize("item", [object(), [{1: 2}, 3], None], ids=["object", "dict", "none"])
def test_objects_are_not_compared_by_where_they_are_in_memory(item: Any) -> None:
    """Those that a data set makes when it is read often stand in one and the same place."""
    with pytest.raises(
        ArgumentError, match=r"^items\[0\] must be an array.*Pool\(\.\.\., content="
    ):
        Pool([item, item]).copies()


def test_a_pool_of_no_items_has_no_copies() -> None:
    assert Pool(embeddings=np.zeros((0, 3))).copies().tolist() == []


def test_hashes_of_64_bits_without_a_sign_are_contents() -> None:
    hashes = np.array([2**62, 5, 2**62], np.uint64)
    assert Pool(content=hashes).copies().tolist() == [0, 1, 0]
    with pytest.raises(ArrayError, match=r"content must fit int64, got 9223372036854775808"):
        Pool(content=hashes * 2).copies()


def test_a_content_of_the_user_goes_first() -> None:
    patients = np.arange(70) // 2
    assert pool().with_signals(content=patients).copies().tolist() == (patients * 2).tolist()


def test_near_copies_are_found_by_their_cosine() -> None:
    z = np.array([[1.0, 0.0], [9.0, 0.1], [0.0, 1.0]])
    assert Pool(embeddings=z).copies(cosine=0.99).tolist() == [0, 0, 2]


def test_logits_alone_say_nothing_of_copies() -> None:
    with pytest.raises(MissingSignalError, match=r"^Pool.copies\(\) reads 'content'"):
        Pool(logits=Z).copies()


# --- a chain that skips them


@walked
@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_copies_of_answered_items_and_of_each_other_are_not_asked(strategy: Any) -> None:
    labeled = ledger()
    query = Chain(strategy, copies="skip").query(pool(), labeled, 20, seed=0)
    asked = ORIGINAL[query.indices]
    assert len(np.unique(asked)) == 20
    assert asked.min() >= 8
    assert (query.n_filled, query.n_candidates) == (0, 62)
    assert (query.diagnostics[0]["copies"], query.diagnostics["copies_of_answered"]) == (30, 13)


@walked
@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
@pytest.mark.parametrize("copies", ["skip", 0.9999999])
def test_a_pool_without_copies_is_asked_about_as_without_the_option(
    strategy: Any, copies: Any
) -> None:
    alone, skipping = Chain(strategy), Chain(strategy, copies=copies)
    expected, found = (each.query(pool(BASE), ledger(40), 9, seed=3) for each in (alone, skipping))
    assert found.indices.tolist() == expected.indices.tolist()


def test_copies_are_used_last_where_nothing_else_is_left() -> None:
    query = Chain(Random(), copies="skip").query(pool(), ledger(), 40, seed=0)
    assert (len(query), query.n_filled) == (40, 8)
    assert {*range(8, 40)} <= {*ORIGINAL[query.indices].tolist()}


def test_near_copies_are_skipped_too() -> None:
    z = Z * np.linspace(1, 2, len(Z), dtype=np.float32)[:, None]
    exact, near = (Chain(Random(), copies=copies) for copies in ("skip", 0.9999))
    assert exact.query(pool(z), ledger(), 5, seed=0).diagnostics["copies"] == 0
    assert near.query(pool(z), ledger(), 5, seed=0).diagnostics["copies"] == 30


def test_candidates_that_stand_in_an_order_keep_their_first() -> None:
    last_first = Top(lambda view: torch.from_numpy(view.pool.indices), factor=9)
    query = Chain(last_first, Chain(Random(), copies="skip")).query(pool(), ledger(), 7, seed=0)
    kept = query.steps[1].kept
    assert kept.tolist() == [i for i in range(69, 7, -1) if i in kept]
    assert all(ORIGINAL[i + 1 :][ORIGINAL[i + 1 :] == ORIGINAL[i]].size == 0 for i in kept)


def test_an_item_that_was_retracted_may_be_asked_again() -> None:
    labeled = ledger()
    labeled.retract([0])
    query = Chain(Random(), copies="skip").query(pool(), labeled, 33, seed=0)
    assert 0 in query.indices
    assert query.n_filled == 0


@walked
@pytest.mark.parametrize("copies", ["skp", True, 0, 1.1, None, float("nan")])
def test_what_is_no_option_is_refused(copies: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^copies must be"):
        Chain(Random(), copies=copies)


def test_a_chain_shows_and_compares_its_option() -> None:
    chain = Chain(Random(), copies="skip")
    assert repr(chain) == "Chain(Random(), copies='skip')"
    assert chain == Chain(Random(), copies="skip") != Chain(Random())
    assert chain.reads == ("content",)
    assert Chain(Random(), copies=0.99).reads == ("content", "embeddings")


@pytest.mark.long
@walked
@pytest.mark.parametrize("copies", ["skip", 0.99])
def test_the_contract_holds(copies: Any) -> None:
    check_strategy(Chain(Filter(KnownNeighbors(k=3)), Uncertainty(), copies=copies))
