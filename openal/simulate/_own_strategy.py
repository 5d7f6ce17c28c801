"""Strategies of the user's own on the command line: `my_strategy.py:Mine`, `my.py:Mine(k=3)`."""

import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any

from openal.errors import ArgumentError, OpenALError
from openal.query import QueryStrategy
from openal.simulate._strategy_words import split_words, strategy_of
from openal.simulate.classes import closest
from openal.strategies import available

__all__ = ["named_strategies"]


def named_strategies(words: Sequence[str]) -> dict[str, QueryStrategy]:
    """The strategies that words and lists with commas name, by the name for tables.

    A word with a file, `my_strategy.py:Mine(k=3)`, runs that file: `Mine` is a class, a function
    that makes a strategy, or a strategy itself. In tables it is `Mine(k=3)`, unless another
    strategy is called so.
    """
    names = split_words(words)
    short = {word: _short(word) for word in names}
    times = Counter(short.values())
    taken = {*available()}
    return {
        word
        if times[short[word]] > 1 or (_is_file(word) and short[word] in taken)
        else short[word]: (_own(word) if _is_file(word) else strategy_of(word))
        for word in names
    }


def _is_file(word: str) -> bool:
    return ".py:" in word.partition("(")[0]


def _short(word: str) -> str:
    """The word without its file."""
    return word[word.index(".py:") + len(".py:") :] if _is_file(word) else word


def _own(word: str) -> QueryStrategy:
    """The strategy in a file of the user's own."""
    path = Path(word[: word.index(".py:") + len(".py")])
    call = _short(word)
    name, bracket, _ = call.partition("(")
    module = _module(path)
    value = getattr(module, name, None)
    if value is None:
        names = [key for key in vars(module) if not key.startswith("_")]
        raise ArgumentError(f"{path} has no {name}{closest(name, names)}")
    made = value if _is_strategy(value) and not bracket else strategy_of(call, own={name: value})
    if not _is_strategy(made):
        raise ArgumentError(
            f"{word:.80} must be a strategy, with a method query; got {made!r:.80}."
        )
    return made


def _is_strategy(value: Any) -> bool:
    return not isclass(value) and isinstance(value, QueryStrategy)


def _module(path: Path) -> ModuleType:
    """The file, run as a module; what lies beside it can be imported by it."""
    if not path.is_file():
        raise ArgumentError(f"{path} is no file; a Python file with a strategy was expected.")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"_own_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"{path} cannot be run as a Python file.")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OpenALError:
        raise
    except Exception as error:  # whatever its own lines raise
        raise ArgumentError(f"{path} cannot be run: {_failure(error)}.") from error
    return module


def _failure(error: Exception) -> str:
    """The error, and the last line of the files that failed."""
    lines = traceback.extract_tb(error.__traceback__)
    where = "" if isinstance(error, SyntaxError) else f" (line {lines[-1].lineno})"
    return f"{type(error).__name__}: {error}{where}"
