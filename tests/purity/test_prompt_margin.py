"""PromptMargin: above 0 where the likeliest text is one of a class."""

import numpy as np
import pytest

from openal import LabeledSet, Pool
from openal.purity import PromptMargin
from openal.selection import Filter


def test_is_the_best_class_less_the_best_other() -> None:
    z = np.array([[3.0, 1.0, 2.0, -5.0], [0.0, 1.0, 1.5, 4.0], [2.0, 2.0, 2.0, 2.0]])
    view = Pool(prompt_logits=z).view(LabeledSet(3, 2), reads=("prompt_logits",))
    assert PromptMargin()(view).tolist() == [1.0, -3.0, 0.0]


def test_its_threshold_is_that_of_the_prediction() -> None:
    assert Filter(PromptMargin()).above == 0


@pytest.mark.parametrize("columns", [1, 2])
def test_a_text_of_something_else_is_needed(columns: int) -> None:
    pool = Pool(prompt_logits=np.zeros((3, columns)))
    with pytest.raises(ValueError, match="prompt_logits"):
        PromptMargin()(pool.view(LabeledSet(3, 2), reads=("prompt_logits",)))
