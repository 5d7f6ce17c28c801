"""Every public function, given what it cannot use: an error of ours, or the same as ever."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from openal import functional
from openal.errors import ArgumentError, ArrayError
from openal.functional import meta_query
from tests.hostile.functional_calls import CALLS as PUBLIC
from tests.hostile.functional_calls import leaves
from tests.hostile.functional_parts import CHECKED
from tests.walking import walked

CALLS = PUBLIC | CHECKED
ARRAYS = [(name, argument) for name, call in CALLS.items() for argument in call.arrays]
REAL = [(n, a) for n, a in ARRAYS if CALLS[n].arrays[a].is_floating_point()]


DTYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.float8_e4m3fn,
    torch.int64,
    torch.int8,
)


class Own(Tensor):
    """A subclass that says nothing about how it is computed with."""


def read_only(values: Tensor) -> np.ndarray:
    array = values.numpy().copy()
    array.flags.writeable = False
    return array


NO_NUMBERS: dict[str, Callable[[Tensor], Any]] = {
    "nothing": lambda _: [None],
    "an ellipsis": lambda _: ...,
    "a text": lambda _: "clip.npy",
    "one number": lambda _: 3.5,
    "no dimension": lambda x: x.flatten()[0],
    "one dimension more": lambda x: x[..., None],
    "objects": lambda x: np.where(x.numpy() > 0, x.numpy().astype(object), None),
    "texts": lambda x: x.numpy().astype(str),
    "complex numbers": lambda x: x.to(torch.complex64),
    "dates": lambda x: x.long().numpy().astype("M8[s]"),
    "rows of several lengths": lambda x: [[1.0], [1.0, 2.0]],
    "a sparse tensor": Tensor.to_sparse,
    "a sparse tensor by rows": lambda x: x.reshape(len(x), -1).to_sparse_csr(),
    "a sparse array": lambda x: scipy.sparse.csr_array(x.reshape(len(x), -1).numpy()),
    "the meta device": lambda x: x.to("meta"),
    "masked": lambda x: np.ma.array(x.numpy(), mask=x.numpy() > 0),
}
"""What holds no array of real numbers, made of one that does."""

SAME: dict[str, Callable[[Tensor], Any]] = {
    "every other row of a tensor": lambda x: x.repeat_interleave(2, dim=0)[::2],
    "column order": lambda x: x.mT.contiguous().mT if x.ndim > 1 else x,
    "a parameter": lambda x: torch.nn.Parameter(x, requires_grad=x.is_floating_point()),
    "a subclass": lambda x: x.as_subclass(Own),
    "a read-only array": read_only,
    "an array backwards": lambda x: np.ascontiguousarray(x.numpy()[::-1])[::-1],
    "an array in column order": lambda x: np.asfortranarray(x.numpy()),
    "another byte order": lambda x: x.numpy().astype(x.numpy().dtype.newbyteorder(">")),
}
"""The same numbers in another container."""


@pytest.fixture(autouse=True)
def _short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta_query, "EPOCHS", 2)
    monkeypatch.setattr(meta_query, "LEAST_STEPS", 2)


@cache
def expected(name: str) -> Any:
    return CALLS[name].of(name)


def word(argument: str) -> str:
    """A pattern of the name where it stands alone."""
    return rf"(?<!\w){re.escape(argument)}(?!\w)"


def same(found: Any, other: Any) -> bool:
    pairs = zip(leaves(found), leaves(other), strict=True)
    return all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in pairs)


def test_every_public_name_is_in_the_table() -> None:
    assert sorted(PUBLIC) == functional.__all__


@walked
@pytest.mark.parametrize("name", CALLS)
def test_good_arguments_give_the_same_twice(name: str) -> None:
    assert same(CALLS[name].of(name), expected(name))


@walked
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("form", NO_NUMBERS)
@pytest.mark.parametrize("name, argument", ARRAYS)
def test_what_holds_no_numbers_is_refused_by_name(name: str, argument: str, form: str) -> None:
    call = CALLS[name]
    with pytest.raises(ArgumentError, match=word(argument)):
        call.of(name, **{argument: NO_NUMBERS[form](call.arrays[argument].clone())})


@walked
@pytest.mark.parametrize("form", SAME)
@pytest.mark.parametrize("name, argument", ARRAYS)
def test_another_container_changes_nothing(name: str, argument: str, form: str) -> None:
    call = CALLS[name]
    given = SAME[form](call.arrays[argument].clone())
    before = given.detach().clone() if isinstance(given, Tensor) else given.copy()
    assert same(call.of(name, **{argument: given}), expected(name))
    assert (given == before).all()


@walked
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name, argument", REAL)
def test_a_number_that_is_none_is_named_with_its_row(name: str, argument: str, bad: float) -> None:
    values = CALLS[name].arrays[argument].clone()
    values[(2, *[-1] * (values.ndim - 1))] = bad
    with pytest.raises(ArrayError, match=f"^{argument} must be finite; row 2 is not"):
        CALLS[name].of(name, **{argument: values})


@walked
@pytest.mark.parametrize("name, argument", ARRAYS)
@pytest.mark.parametrize("form", ["fewer rows", "no rows", "fewer columns", "no columns"])
def test_another_shape_is_computed_with_or_refused(name: str, argument: str, form: str) -> None:
    """Many functions take any number of rows or columns; none ends in an error of torch."""
    x = CALLS[name].arrays[argument]
    cut = {"fewer rows": x[:-1], "no rows": x[:0], "fewer columns": x[..., :-1]}
    refusal = ""
    try:
        found = leaves(CALLS[name].of(name, **{argument: cut.get(form, x[..., :0])}))
    except ArgumentError as error:
        found, refusal = [], str(error)
    assert not refusal or any(re.search(word(each), refusal) for each in CALLS[name].arrays)
    assert "None" not in refusal
    assert not any(bool(torch.as_tensor(each).isnan().any()) for each in found)


@walked
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name, argument", REAL)
def test_every_type_of_number_is_computed_with(name: str, argument: str, dtype: Any) -> None:
    """As the same numbers in single or double precision are."""
    wide = torch.float64 if dtype is torch.float64 else torch.float32
    values = CALLS[name].arrays[argument].round(decimals=1).to(dtype)
    found = CALLS[name].of(name, **{argument: values})
    assert same(found, CALLS[name].of(name, **{argument: values.to(wide)}))
