"""A strategy is a value: it pickles, and what it shows makes it again."""

import importlib
import itertools
import math
import pickle
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from openal.parts import parts_of
from openal.query import QueryStrategy
from openal.testing._world import MakeWorld, ask, expect, expect_same

__all__ = ["pickles", "shows_how_to_make_it"]

ROOMS = ("strategies", "purity", "informativeness", "selection", "learners", "query")


def pickles(strategy: QueryStrategy, make: MakeWorld) -> None:
    """A copy through pickle is equal, and asks the same."""
    try:
        copy = pickle.loads(pickle.dumps(strategy))  # noqa: S301
    except Exception as error:
        raise AssertionError(
            f"it does not pickle ({error}); write its functions at the top of a module"
        ) from error
    expect(copy == strategy, f"its copy through pickle is not equal to it: {copy!r}")
    expect_same(ask(strategy, make()), ask(copy, make()), "pickling the strategy")


def shows_how_to_make_it(strategy: QueryStrategy, make: MakeWorld) -> None:
    """`eval(repr(strategy))` is equal to it; plain functions inside stand for themselves."""
    text, functions = _with_names_for_functions(strategy)
    made, error = [], None
    for names in _namespaces(strategy, text):
        try:
            made.append(eval(text, {**names, **functions}))  # noqa: S307
        except Exception as failure:
            error = failure
    expect(bool(made), f"its repr cannot be evaluated ({error}): {strategy!r}")
    expect(
        any(each == strategy for each in made),
        f"its repr makes another strategy: {made[0]!r} == {strategy!r} is False",
    )


def _with_names_for_functions(strategy: QueryStrategy) -> tuple[str, dict[str, Any]]:
    text, functions = repr(strategy), {}
    for at, part in enumerate(parts_of(strategy)):
        if isinstance(part, FunctionType):
            functions[f"function_{at}"] = part
            text = text.replace(repr(part), f"function_{at}")
    return text, functions


def _namespaces(strategy: QueryStrategy, text: str) -> Iterator[dict[str, Any]]:
    """Every reading of the names in `text`: some, like Margin, name a score and a strategy."""
    rooms = [importlib.import_module(f"openal.{room}") for room in ROOMS]
    own = {type(part).__name__: type(part) for part in parts_of(strategy)}
    meanings = {}
    for name in sorted(set(re.findall(r"[A-Za-z_]\w*(?=\()", text))):
        found = [getattr(room, name) for room in rooms if name in room.__all__]
        found = [own[name], *found] if name in own else found
        meanings[name] = list(dict.fromkeys(found)) or [None]
    for reading in itertools.product(*meanings.values()):
        yield {"inf": math.inf, "nan": math.nan, **dict(zip(meanings, reading, strict=True))}
