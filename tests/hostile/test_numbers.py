"""Every strategy asks soundly about extreme numbers of any type, or names the signal and index."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArrayError
from openal.functional import class_prototypes, entropy, knn, prototype_cosines
from openal.query import Query
from openal.strategies import available
from openal.testing import world
from openal.testing._world import ask, expect_same, expect_sound
from tests.walking import walked

WORLD = world()
READ = [(name, signal) for name, kind in available().items() for signal in kind().reads]
"""Every strategy with each signal that it reads."""

FIRST = {("OpenPath", "embeddings"), ("OpenPath", "prompt_logits")}
"""Those that are read before there is an answer, and not later."""

SCALED = [(name, signal) for name, signal in READ if "cosines" not in signal]
"""The same without the signals whose numbers lie between -1 and 1."""


def largest_to(values: np.ndarray, largest: float) -> np.ndarray:
    return values.astype(np.float64) * (largest / float(np.abs(values).max()))


def first_constant(values: np.ndarray) -> np.ndarray:
    if values.ndim > 1:
        values[..., 0] = 0.25
    return values


def one_for_all(values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(values[:1], values.shape)


LIVED_WITH: dict[str, Callable[[np.ndarray], Any]] = {
    "a column that does not vary": first_constant,
    "the same for every item": one_for_all,
    "zero for every item": np.zeros_like,
    "an equal number in every column": lambda v: np.full_like(v, 0.25),
    "float64": lambda v: v.astype(np.float64),
    "numbers too small for normal floats": lambda v: v * np.float32(1e-40),
}
"""Forms of a signal about which a query is sound."""

EXTREME: dict[str, Callable[[np.ndarray], Any]] = {
    "near the largest float32": lambda v: largest_to(v, 3e38).astype(np.float32),
    "the largest float16": lambda v: largest_to(v, 65504).astype(np.float16),
    "beyond the largest float32": lambda v: largest_to(v, 1e100),
}

WHOLE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int64": lambda v: np.round(8 * v).astype(np.int64),
    "int8": lambda v: np.clip(np.round(8 * v), -128, 127).astype(np.int8),
    "uint8": lambda v: np.clip(np.round(8 * v), 0, 255).astype(np.uint8),
}


def about(name: str, signal: str, values: Any) -> Query:
    """The query of a strategy about the world with other values of a signal."""
    made = WORLD.offering({**WORLD.signals, signal: values})
    made = made.answered({}) if (name, signal) in FIRST else made
    return ask(available()[name](), made, candidates=WORLD.labeled.unlabeled_indices)


def expect_sound_query(query: Query) -> None:
    expect_sound(query, WORLD, 6)
    assert query.scores is None or query.scores.isfinite().all()


def own(signal: str) -> np.ndarray:
    values: np.ndarray = WORLD.signals[signal].copy()
    return values


@walked
@pytest.mark.parametrize("form", LIVED_WITH)
@pytest.mark.parametrize("name, signal", READ)
def test_a_query_about_degenerate_numbers_is_sound(name: str, signal: str, form: str) -> None:
    expect_sound_query(about(name, signal, LIVED_WITH[form](own(signal))))


@walked
@pytest.mark.parametrize("form", EXTREME)
@pytest.mark.parametrize("name, signal", SCALED)
def test_a_query_about_extreme_numbers_is_sound(name: str, signal: str, form: str) -> None:
    expect_sound_query(about(name, signal, EXTREME[form](own(signal))))


@walked
@pytest.mark.parametrize("form", WHOLE)
@pytest.mark.parametrize("name, signal", SCALED)
def test_integers_are_the_floats_that_they_equal(name: str, signal: str, form: str) -> None:
    whole = WHOLE[form](own(signal))
    expect_same(about(name, signal, whole.astype(np.float32)), about(name, signal, whole), form)


@walked
@pytest.mark.parametrize("name, signal", SCALED)
def test_an_overflow_of_float16_is_named(name: str, signal: str) -> None:
    with np.errstate(over="ignore"):
        half = largest_to(own(signal), 1e6).astype(np.float16)
    with pytest.raises(
        ArrayError, match=rf"^signal '{signal}' must be finite; index (\d+) is not"
    ) as error:
        about(name, signal, half)
    index = int(str(error.value).split("index ")[1].split()[0])
    assert np.isinf(half[index]).any()


@walked
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("name, signal", READ)
def test_a_tensor_with_a_bad_number_is_refused_by_name(name: str, signal: str, bad: float) -> None:
    values = torch.tensor(own(signal)).bfloat16()
    values[...] = bad
    with pytest.raises(ArrayError, match=rf"^signal '{signal}' must be finite; index \d+ is not"):
        about(name, signal, values)


def test_a_row_of_zeros_has_cosine_0_with_everything() -> None:
    zero, others = torch.zeros(1, 2), torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert knn(zero, others, 2).similarity.tolist() == [[0.0, 0.0]]
    assert prototype_cosines(zero, others).tolist() == [[0.0, 0.0]]
    assert class_prototypes(zero, [0], 1).tolist() == [[0.0, 0.0]]


@walked
@pytest.mark.parametrize("value", [0.0, -3e38, 3e38, 1e-45])
def test_identical_logits_are_wholly_uncertain(value: float) -> None:
    assert entropy(torch.full((1, 4), value)).tolist() == pytest.approx([np.log(4)], rel=1e-6)
