"""Every number that a function takes beside arrays: at its border, wrong, and left out."""

import inspect
import re
from dataclasses import replace
from functools import partial
from math import inf, nan
from typing import Any

import pytest
import torch

from openal import functional
from openal.errors import ArgumentError
from openal.functional import meta_query
from tests.functional.function_options import BORDERS, DEFAULTS, TELLING
from tests.hostile.functional_calls import CALLS, Call, leaves
from tests.hostile.functional_parts import CHECKED, INNER
from tests.walking import walked

EVERY = CALLS | CHECKED | INNER
OPTIONS = [(name, option) for name, options in BORDERS.items() for option in options]
WRONG = {"True": True, "a text": "5", "a list": [1], "NaN": nan, "inf": inf, "None": None}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta_query, "EPOCHS", 2)
    monkeypatch.setattr(meta_query, "LEAST_STEPS", 2)


def parameters(name: str) -> dict[str, inspect.Parameter]:
    function = EVERY[name].function or getattr(functional, name)
    function = function.args[0] if isinstance(function, partial) else function
    return dict(inspect.signature(function).parameters)


def with_zeros(call: Call, option: str) -> dict[str, Any]:
    """The labels for which one class is enough."""
    if not option.startswith("num_"):
        return {}
    whole = {key: x for key, x in call.arrays.items() if not x.is_floating_point()}
    return {key: torch.zeros_like(x) for key, x in whole.items()}


def test_every_number_of_a_public_function_is_in_the_table() -> None:
    found = [
        (name, option)
        for name in CALLS.keys() - {"MetaQuery"}
        for option, each in parameters(name).items()
        if re.search(r"\b(int|float)\b", str(each.annotation))
    ]
    assert sorted(found) == sorted(each for each in OPTIONS if each[0] in CALLS)


@walked
@pytest.mark.parametrize("wrong", [*WRONG, "too small", "a fraction"])
@pytest.mark.parametrize("name, option", OPTIONS)
def test_what_an_option_cannot_be_is_refused_by_its_name(
    name: str, option: str, wrong: str
) -> None:
    refused, taken = BORDERS[name][option]
    value = {**WRONG, "too small": refused, "a fraction": 1.5}[wrong]
    if value is DEFAULTS.get(name, {}).get(option, ...) or (value == 1.5 and type(taken) is float):
        return
    with pytest.raises(ArgumentError, match=rf"^{option} must be "):
        EVERY[name].of(name, **{option: value})


@pytest.mark.long
@walked
@pytest.mark.parametrize("name, option", OPTIONS)
def test_the_smallest_value_of_an_option_is_taken(name: str, option: str) -> None:
    call = EVERY[name]
    found = leaves(call.of(name, **{**with_zeros(call, option), option: BORDERS[name][option][1]}))
    assert not any(bool(torch.as_tensor(each).isnan().any()) for each in found)


@walked
@pytest.mark.parametrize("name", EVERY)
def test_defaults_are_the_published_ones(name: str) -> None:
    if name == "MetaQuery" or name.endswith("of many") or name == "weibull_tails":
        return
    optional = {k: p.default for k, p in parameters(name).items() if p.default is not p.empty}
    assert optional == DEFAULTS.get(name, {})


@pytest.mark.long
@walked
@pytest.mark.parametrize("name, option", [(n, o) for n, many in TELLING.items() for o in many])
def test_an_option_that_is_left_out_has_its_default(name: str, option: str) -> None:
    """The other value shows that the results would tell."""
    other, needed = TELLING[name][option]
    rest = {key: each for key, each in EVERY[name].rest.items() if key != option}
    call = replace(EVERY[name], rest=rest)

    def found(**given: Any) -> list[torch.Tensor]:
        return [torch.as_tensor(each) for each in leaves(call.of(name, **needed, **given))]

    assert same(found(), found(**{option: DEFAULTS[name][option]}))
    assert not same(found(), found(**{option: other}))


def same(found: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(found, other, strict=True))
