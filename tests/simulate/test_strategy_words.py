"""Strategies as words: their options, and what is refused without being run."""

import pytest

from openal.errors import ArgumentError
from openal.informativeness import Margin, PredictedLoss
from openal.learners import Detector
from openal.selection import Top
from openal.simulate._strategy_words import split_words, strategy_of
from openal.strategies import JSOSAL, NEAT, LfOSA, MQNet, Random
from tests.walking import walked

WORDS = {
    "Random": Random(),
    "NEAT(5)": NEAT(5),
    "NEAT(k=5, rule='all')": NEAT(k=5, rule="all"),
    "MQNet(PredictedLoss())": MQNet(PredictedLoss()),
    "LfOSA(then=Top(Margin()), factor=3.0)": LfOSA(then=Top(Margin()), factor=3.0),
    "LfOSA(detector=None)": LfOSA(detector=None),
    "LfOSA(detector=Detector(milestones=(0.5, 0.75), lr=1e-3))": LfOSA(
        detector=Detector(milestones=(0.5, 0.75), lr=1e-3)
    ),
    "JSOSAL(then=NEAT(k=3))": JSOSAL(then=NEAT(k=3)),
}


@walked
@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_its_strategy(word: str) -> None:
    assert strategy_of(word) == WORDS[word]


BAD = {
    "NEET(k=5)": "unknown strategy 'NEET'; did you mean NEAT",
    "NEAT(k=": "cannot be read: write NAME",
    "NEAT(k=0)": "k must be at least 1",
    "NEAT(q=1)": "cannot be built with these options",
    "NEAT(then=Topp(Margin()))": "unknown part 'Topp'; did you mean Top",
    "NEAT(k=open('x', 'w'))": "unknown part 'open'",
    "NEAT(k=().__class__)": "__class__' in .* is no value",
    "NEAT(k=Margin.role)": "is no value",
    "NEAT(k=[x for x in (1,)])": "is no value",
    "NEAT(**1)": "cannot be built",
    "NEAT)(": "unknown strategy",
}


@walked
@pytest.mark.parametrize("word", BAD)
def test_what_is_refused(word: str) -> None:
    with pytest.raises(ArgumentError, match=BAD[word]):
        strategy_of(word)


def test_commas_in_brackets_part_nothing() -> None:
    words = ["Random,NEAT(k=5, factor=3),NEAT", "LfOSA(detector=Detector(milestones=(0.5, 1.0)))"]
    words.append("NEAT, Random ,")
    assert split_words(words) == ["Random", "NEAT(k=5, factor=3)", "NEAT", words[1]]
