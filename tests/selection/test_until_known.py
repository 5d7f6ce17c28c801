"""UntilKnown: whose turn it is before there is a known answer, and from then on."""

import numpy as np
import pytest

from openal import UNKNOWN, Chain, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.informativeness import Entropy, Margin
from openal.parts import reads_of
from openal.purity import PrototypePurity
from openal.selection import Top, UntilKnown
from openal.strategies import Random

STAGE = UntilKnown(Top(PrototypePurity()), then=Top(Entropy(), factor=2))
POOL = Pool(embeddings=np.eye(6), logits=np.arange(12.0).reshape(6, 2))


@pytest.mark.parametrize("answers, turn", [([], 0), ([UNKNOWN], 0), ([1], 1), ([UNKNOWN, 0], 1)])
def test_whose_turn_it_is(answers: list[int], turn: int) -> None:
    labeled = LabeledSet(6, 2)
    labeled.add(range(len(answers)), answers)
    step = Chain(STAGE).query(POOL, labeled, 2, seed=0).steps[0]
    assert step.stage == (STAGE.first, STAGE.then)[turn]


def test_both_say_what_they_read() -> None:
    assert reads_of(STAGE) == ("embeddings", "logits")


def test_nothing_is_left_to_choose_where_both_narrow() -> None:
    assert not STAGE.narrows_to_budget
    assert UntilKnown(Top(Margin()), then=Top(Entropy())).narrows_to_budget


@pytest.mark.parametrize("name", ["first", "then"])
def test_a_chain_is_several_stages(name: str) -> None:
    stages = {"first": Top(Margin()), "then": Top(Margin())} | {name: Random()}
    with pytest.raises(ArgumentError, match=f"{name} must be one stage"):
        UntilKnown(stages["first"], then=stages["then"])
