"""Processes that begin where this one is, with all that it has imported."""

import multiprocessing
import os
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

__all__ = ["forked", "needs_fork"]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked")


def forked(work: Callable[..., Any], *given: Any) -> BaseProcess:
    """A process that does the work, begun; `kill`, `join` and `exitcode` are those of any other."""
    process = multiprocessing.get_context("fork").Process(target=work, args=given, daemon=True)
    with warnings.catch_warnings():  # Python 3.12 warns of a fork beside threads
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process
