"""Arguments that a newcomer mixes up, and data sets that are none: errors name the argument."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import Encoder
from openal.model import Model
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.query import Chain
from openal.strategies import NEAT, Random, Uncertainty
from tests.walking import walked

Z = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
POOL = Pool(Z, embeddings=Z, logits=Z[:, :2])


def ledger() -> LabeledSet:
    labeled = LabeledSet(12, 2)
    labeled.add([0, 1], [0, 1])
    return labeled


FIRST: dict[str, Any] = {
    "a labeled set": ledger(),
    "an array": Z,
    "a tensor": torch.from_numpy(Z),
    "a data set": [Z],
    "nothing": None,
}


@walked
@pytest.mark.parametrize("form", FIRST)
@pytest.mark.parametrize("strategy", [NEAT(), Random(), Chain(Random())], ids=repr)
def test_what_is_no_pool_is_named(form: str, strategy: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^pool must be a Pool, got .*query\(pool, labeled"):
        strategy.query(FIRST[form], POOL, 2)


@walked
@pytest.mark.parametrize("second", [POOL, np.array([0, 1]), [0, 1], None, KnownNeighbors()])
def test_what_is_no_ledger_is_named(second: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^labeled must be a LabeledSet"):
        NEAT().query(POOL, second, 2)


@walked
@pytest.mark.parametrize("model", [nn.Linear, Encoder, POOL, ledger(), Z, "net.pt", {}])
def test_what_is_no_model_is_named(model: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^model must be a"):
        Uncertainty().query(POOL, ledger(), 2, model=model)


@walked
@pytest.mark.parametrize("seed", [np.random.default_rng(0), np.random.RandomState(0)])
def test_a_seed_that_is_a_generator_of_numpy_is_named(seed: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^seed must be an integer or a torch.Generator"):
        Random().query(POOL, ledger(), 2, seed=seed)


def test_a_mask_of_candidates_is_told_from_indices() -> None:
    with pytest.raises(ArgumentError, match=r"^candidates must be integers .*flatnonzero\(mask\)"):
        Random().query(POOL, ledger(), 2, candidates=np.arange(12) > 3)


# --- data sets that are none


VECTORS: dict[str, Any] = {
    "lists": Z.tolist(),
    "tuples": [tuple(row) for row in Z.tolist()],
    "lists of two": Z[:, :2].tolist(),
    "an index in front": [(at, torch.from_numpy(z), 0) for at, z in enumerate(Z)],
}


@walked
@pytest.mark.parametrize("form", VECTORS)
def test_numbers_of_which_the_first_would_be_the_input_are_refused(form: str) -> None:
    pool = Pool(VECTORS[form], logits=Model(nn.Flatten()))
    with pytest.raises(ArgumentError, match=r"^items\[2\] must give a tensor.* number"):
        pool.take("logits", [2])


@walked
@pytest.mark.parametrize("form", ["lists", "tuples", "lists of two"])
def test_numbers_of_which_the_last_would_be_the_label_are_refused(form: str) -> None:
    with pytest.raises(ArgumentError, match=r"^The dataset returned a (list|tuple) of \d numbers"):
        ledger().known_subset(VECTORS[form])[0]


class Frame(list[Any]):
    """As a pandas DataFrame, whose [i] is a column."""

    iloc = None


def test_a_frame_is_no_data_set() -> None:
    with pytest.raises(ArgumentError, match=r"^items is a pandas Frame, whose \[i\] is a column"):
        Pool(Frame(Z))


def test_a_pool_is_no_data_set() -> None:
    with pytest.raises(ArgumentError, match=r"^dataset must be a map-style data set .*, got Pool"):
        ledger().known_subset(POOL)


# --- a data set that grows


class Growing(list[Any]):
    """A folder that is watched, say."""


@walked
@pytest.mark.parametrize("by", [1, -1])
def test_a_data_set_of_another_length_than_before_is_refused(by: int) -> None:
    items = Growing(torch.from_numpy(Z))
    pool = Pool(items, embeddings=Z)
    items[:] = [*items, items[0]] if by > 0 else items[:-1]
    with pytest.raises(ArgumentError, match=rf"^items had 12 items .* made, and {12 + by} now"):
        Random().query(pool, ledger(), 2)


# --- positions in a subset of answered items


def test_a_slice_of_the_answered_items_is_a_subset_of_them() -> None:
    subset = ledger().known_subset(Z)[1:]
    assert [(x.tolist(), y) for x, y in subset] == [(Z[1].tolist(), 1)]
    assert (subset.classes, len(subset)) == (["0", "1"], 1)


@walked
@pytest.mark.parametrize("position", [[0, 1], "0", 0.0, None, np.array([0, 1])])
def test_a_position_that_is_none_is_named(position: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^position must be an integer or a slice, got"):
        ledger().known_subset(Z)[position]
