"""A query is the same whatever torch's default device and number type are."""

from collections.abc import Iterator

import pytest

from openal._threads import one_thread
from openal.integrations import PytorchOOD
from openal.query import Chain
from openal.selection import Top
from openal.strategies import available
from openal.testing import World, world
from openal.testing._signal_checks import declared, learned_from
from openal.testing._state_checks import SITUATIONS
from openal.testing._world import ask, expect_same
from tests.hostile.defaults import alike, both_defaults, default_device
from tests.walking import walked

STRATEGIES = {name: kind() for name, kind in available().items()}
WHEN = ("no answers", "only UNKNOWN")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Other threads would not have this one's default device."""
    with one_thread():
        yield


def learning(name: str) -> World:
    """A world without the signals that the strategy's own learners make of embeddings."""
    made, strategy = world(), STRATEGIES[name]
    read = {*declared(strategy, made)}
    raw = {*made.signals} - read | {"embeddings"}
    own = {each for each in read if learned_from(strategy, each, raw)}
    return made.offering({k: v for k, v in made.signals.items() if k not in own})


def cases() -> Iterator[tuple[str, str]]:
    """Each strategy in three situations, and once for each kind of learners what they make."""
    for name in STRATEGIES:
        yield from ((name, when) for when in ("every signal", *WHEN))
    kinds = {repr(strategy.learners): name for name, strategy in STRATEGIES.items()}
    for name in kinds.values():
        if learning(name).signals.keys() < world().signals.keys():
            yield name, "learning"


def situation(name: str, when: str) -> World:
    if when == "learning":
        return learning(name)
    return SITUATIONS[when](world) if when in WHEN else world()


@walked
@pytest.mark.parametrize("name, when", [*cases()])
def test_a_query_is_the_same_under_another_default(name: str, when: str) -> None:
    expected, made = ask(STRATEGIES[name], situation(name, when)), situation(name, when)
    with both_defaults():
        found = ask(STRATEGIES[name], made)
    expect_same(expected, found, "another default")
    assert alike(found.scores, expected.scores)
    for step, other in zip(found.steps, expected.steps, strict=True):
        assert alike(step.scores, other.scores)


class Unfitted:
    """A detector in the form of pytorch-ood."""

    requires_fit = True


def test_a_score_of_another_library_is_drawn_the_same_before_any_answer() -> None:
    made, strategy = SITUATIONS["no answers"](world), Chain(Top(PytorchOOD(Unfitted)))
    expected = ask(strategy, made)
    with default_device():
        expect_same(expected, ask(strategy, made), "another default")
