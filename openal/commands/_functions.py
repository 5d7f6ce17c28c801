"""A function of the user's own, named on the command line as MODULE:FUNCTION."""

import importlib
import os
import sys
import traceback
from types import ModuleType, TracebackType
from typing import Any

from openal.errors import ArgumentError

__all__ = ["named_function"]


def named_function(text: str, argument: str) -> Any:
    """What MODULE:FUNCTION names, `text` of the argument `argument`; the module is run.

    A module beside where the command is run is found before an installed one of that name, as by
    `python -m`: the current folder stays the first of `sys.path`, for what the function imports.
    """
    module_name, colon, function = text.partition(":")
    if not (module_name and colon and function):
        raise ArgumentError(f"{argument} must be MODULE:FUNCTION, got {text!r}.")
    module = _imported(module_name, f"{argument} {text}")
    if not callable(getattr(module, function, None)):
        there = getattr(module, "__file__", None) or module_name
        raise ArgumentError(f"{argument} {text} is not there: {there} has no function {function}.")
    return getattr(module, function)


def _imported(name: str, asked: str) -> ModuleType:
    here = os.getcwd()
    if sys.path[:1] not in ([here], [""]):
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ArgumentError(f"{asked} is not there: {_absent(name, here)}") from error
        raise ArgumentError(f"{asked} cannot be imported: {_failure(error)}") from error
    except Exception as error:  # whatever its own lines raise
        raise ArgumentError(f"{asked} cannot be imported: {_failure(error)}") from error


def _absent(name: str, here: str) -> str:
    """Where a module was looked for, and what may have been meant."""
    without = name.removesuffix(".py").replace(os.sep, ".")
    hint = f"; did you mean {without}?" if without != name else ""
    return f"no module {name} in {here} or among the installed ones{hint}."


def _failure(error: Exception) -> str:
    """The error of a module of the user's, and the line of it that failed."""
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return f"{what}."  # it names the file and the line
    return f"{what}{_place(error.__traceback__)}."


def _place(trace: TracebackType | None) -> str:
    """The last line that is neither of the import system nor of this file."""
    frames = [f for f in traceback.extract_tb(trace) if not f.filename.startswith("<frozen ")]
    lines = [f for f in frames if f.filename not in (__file__, importlib.__file__)]
    return f" ({lines[-1].filename}, line {lines[-1].lineno})" if lines else ""
