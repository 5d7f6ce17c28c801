"""Every strategy there is passes the battery, with its defaults and with each of its options."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from openal.query import QueryStrategy
from openal.strategies import available
from openal.testing import check_strategy


def with_each_option(kind: type[Any]) -> Iterator[Any]:
    """The strategy once for each other value of a Literal or a bool than its default."""
    strategy = kind()
    hints = get_type_hints(kind)
    for each in fields(strategy) if is_dataclass(strategy) else ():
        for value in options(hints[each.name]):
            if value != getattr(strategy, each.name):
                yield replace(strategy, **{each.name: value})


def options(hint: Any) -> tuple[Any, ...]:
    """The values of a type that has only a few."""
    if hint is bool:
        return (False, True)
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(value for part in get_args(hint) for value in options(part) + none(part))


def none(hint: Any) -> tuple[None, ...]:
    return (None,) if hint is type(None) else ()


DEFAULTS = [kind() for kind in available().values()]
OPTIONS = [each for kind in available().values() for each in with_each_option(kind)]


def test_the_options_are_found() -> None:
    assert options(Literal["a", "b"] | None) == ("a", "b", None)
    assert options(bool) == (False, True)
    assert options(float | None) == (None,)
    assert options(float) == ()


def test_our_strategies_are_among_them() -> None:
    assert {"JSOSAL", "LfOSA", "NEAT", "Random", "Uncertainty"} <= available().keys()


@pytest.mark.parametrize("strategy", DEFAULTS, ids=repr)
def test_a_strategy_passes_the_battery(strategy: QueryStrategy) -> None:
    check_strategy(strategy)


@pytest.mark.long
@pytest.mark.parametrize("strategy", OPTIONS, ids=repr)
def test_each_other_value_of_an_option_passes_it_too(strategy: QueryStrategy) -> None:
    check_strategy(strategy)
