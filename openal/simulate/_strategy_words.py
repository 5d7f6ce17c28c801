"""Strategies as words of the command line: `NEAT`, `NEAT(k=5)`, `MQNet(PredictedLoss())`."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

import openal.informativeness
import openal.learners
import openal.purity
import openal.selection
from openal.errors import ArgumentError
from openal.query import QueryStrategy
from openal.simulate.classes import closest
from openal.strategies import available

__all__ = ["split_words", "strategy_of"]

ROOMS: tuple[ModuleType, ...] = (
    openal.informativeness,
    openal.purity,
    openal.selection,
    openal.learners,
)
"""Where the parts are that the options of a strategy may name."""


def split_words(words: Sequence[str]) -> list[str]:
    """Words and lists with commas as one list, each word once; commas in brackets part nothing.

    >>> split_words(["Random,NEAT(k=5, factor=3)", "Random"])
    ['Random', 'NEAT(k=5, factor=3)']
    """
    parts = (part.strip() for part in _parts(",".join(words)))
    return list(dict.fromkeys(filter(None, parts)))


def _parts(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


NOTHING: Mapping[str, Any] = MappingProxyType({})


def strategy_of(word: str, *, own: Mapping[str, Any] = NOTHING) -> QueryStrategy:
    """The strategy that a word names, with the options in its brackets.

    Options are numbers, texts, True, False, None, lists and tuples, strategies, and parts of
    `openal` with options of their own. Nothing else is evaluated, and no code is run, but that of
    what `own` names, the caller's classes or functions.
    """
    name, bracket, _ = word.partition("(")
    classes = {**available(), **own}
    if name not in classes:
        raise ArgumentError(f"unknown strategy {name!r}{closest(name, [*classes])}")
    try:
        made = _value(ast.parse(word if bracket else f"{word}()", mode="eval").body, word, own)
    except (SyntaxError, RecursionError) as error:
        raise ArgumentError(f"{word!r:.80} cannot be read: write NAME(option=value).") from error
    except TypeError as error:
        options = "with these options" if bracket else "without arguments"
        raise ArgumentError(f"{word:.80} cannot be built {options}: {error}.") from error
    strategy: QueryStrategy = made
    return strategy


def _value(node: ast.AST, word: str, own: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        values = [_value(value, word, own) for value in node.args]
        named = {str(option.arg): _value(option.value, word, own) for option in node.keywords}
        return _part(node.func.id, own)(*values, **named)
    if isinstance(node, ast.List | ast.Tuple):
        values = [_value(value, word, own) for value in node.elts]
        return tuple(values) if isinstance(node, ast.Tuple) else values
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        text = ast.unparse(node)
        raise ArgumentError(
            f"{text!r:.60} in {word:.80} is no value; numbers, texts, lists and parts of openal, "
            f"such as Top(Margin()), are."
        ) from error


def _part(name: str, own: Mapping[str, Any]) -> Any:
    """A strategy or a part by its name."""
    found = {key: getattr(room, key) for room in ROOMS for key in room.__all__}
    known = {
        **{key: part for key, part in found.items() if isinstance(part, type)},
        **available(),
        **own,
    }
    if name not in known:
        raise ArgumentError(f"unknown part {name!r}{closest(name, [*known])}")
    return known[name]
