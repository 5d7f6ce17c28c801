"""What a folder of results goes on by: the same text in every process."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from openal.learners import Classifier, Detector, EmbeddingClassifier
from openal.simulate._described import described
from openal.strategies import NEAT, LfOSA
from tests.walking import walked


def made(width: int) -> Callable[[int], Any]:
    """A function at another address every time, which closes over its width."""

    def network(outputs: int) -> Any:
        return {"a", "b", width, outputs} if outputs in {"c", "d", "e", "f", "g", "h"} else width

    return network


class Plain:
    """An object without a repr of its own."""

    def __init__(self, width: int) -> None:
        self.width = width

    def network(self, outputs: int) -> Any:
        return self.width * outputs


@dataclass(frozen=True)
class Holder:
    inside: Any


WAYS: dict[str, Callable[[int], Any]] = {
    "a function": made,
    "a partial": lambda width: partial(made(1), width),
    "an object": Plain,
    "a method": lambda width: Plain(width).network,
    "a classifier": lambda width: Classifier(made(width)),
    "a strategy": lambda width: LfOSA(detector=Detector(made(width))),
    "a list in an object": lambda width: Holder([{"network": made(width)}]),
    "a default": lambda width: lambda outputs, width=width: outputs,
}


@walked
@pytest.mark.parametrize("way", WAYS)
def test_two_that_are_alike_have_one_text_and_others_have_others(way: str) -> None:
    kept = [WAYS[way](width) for width in (1, 1, 2)]  # at the same time, at three addresses
    one, same, other = map(described, kept)
    assert one == same and one != other
    assert " at 0x" not in one


def test_what_has_no_address_is_its_repr() -> None:
    for value in (NEAT(k=3), EmbeddingClassifier(hidden=4), {"a": 1}):
        assert described(value) == repr(value)


def test_another_body_is_another_function() -> None:
    assert described(lambda outputs: outputs + 1) != described(lambda outputs: outputs + 2)


def test_a_function_that_calls_itself_has_a_text() -> None:
    def again(count: int) -> Any:
        return again(count - 1) if count else 0

    assert "again #" in described(again)


@pytest.mark.long
def test_another_process_writes_the_same() -> None:
    code = "from tests.simulate.test_described import *; print(described(Classifier(made(3))))"
    there = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert there == described(Classifier(made(3))) + "\n"
