"""What a labeled set, its history and lists of labels say of the rounds."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from openal import SKIPPED, UNKNOWN, LabeledSet
from openal.errors import ArgumentError
from openal.stopping._counts import answer_counts


def test_a_labeled_set_its_history_and_its_labels_are_one() -> None:
    labeled = LabeledSet(10, classes=3)
    labeled.add([0, 1, 2], [2, UNKNOWN, 0])
    labeled.begin_round(SimpleNamespace(indices=[7, 8, 9], scores=np.zeros(3)))
    labeled.add([8, 9], [SKIPPED, UNKNOWN])  # 7 is pending
    wanted = [[2, 1, 0], [0, 1, 1]]
    lists = [torch.tensor([2, -1, 0]), np.array([-2, -1])]
    assert all(answer_counts(each).tolist() == wanted for each in (labeled, labeled.history, lists))
    assert answer_counts(iter(labeled.history)).tolist() == wanted


def test_the_start_is_no_query() -> None:
    labeled = LabeledSet(10, classes=3)
    labeled.add([0, 1], [0, 0])
    labeled.begin_round(SimpleNamespace(indices=[2, 3]))
    labeled.add([2, 3], [UNKNOWN, 0])
    assert answer_counts(labeled, start=False).tolist() == [[1, 1, 0]]
    assert answer_counts([[0], [1]], start=False).tolist() == [[1, 0, 0], [1, 0, 0]]


def test_a_first_query_with_scores_is_no_start() -> None:
    labeled = LabeledSet(10, classes=3)
    labeled.begin_round(SimpleNamespace(indices=[7], scores=np.zeros(1)))
    labeled.add([7], [1])
    assert answer_counts(labeled, start=False).tolist() == [[1, 0, 0]]


def test_nothing_is_no_rounds() -> None:
    assert answer_counts([]).shape == answer_counts(LabeledSet(3, classes=1)).shape == (0, 3)


@pytest.mark.parametrize("wrong, named", [(3, "rounds"), ([[1], 2], r"rounds\[1\]")])
def test_what_is_no_round_is_refused(wrong: object, named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        answer_counts(wrong)  # type: ignore[arg-type]
