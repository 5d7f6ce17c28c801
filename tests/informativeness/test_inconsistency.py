"""Does the classifier disagree with the answered neighbors?"""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.informativeness import Inconsistency
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool

# Items 0 and 1 are alike, next to 2, 3 and 4; item 5 is next to 6.
Z = np.array([[1.0, 0], [1, 0], [1, 0.01], [1, 0.02], [1, 0.03], [0, 1], [0.01, 1]])
LOGITS = np.array([[9.0, 0, 0], [0, 9, 0], *[[0, 0, 0]] * 3, [0, 0, 9.0], [0, 0, 0]])


def scores(k: int, answers: dict[int, int], logits: np.ndarray = LOGITS) -> Tensor:
    labeled = LabeledSet(7, 3)
    labeled.add(list(answers), list(answers.values()))
    part = Inconsistency(k)
    found = part(Pool(embeddings=Z, logits=logits).view(labeled, reads=("embeddings", "logits")))
    order = labeled.unlabeled_indices.tolist()
    return found[[order.index(each) for each in order if each not in (2, 3, 4, 6)]]


def test_equation_five() -> None:
    answers = {2: 0, 3: 0, 4: 1, 6: UNKNOWN}
    votes = np.array([[2, 1, 0], [2, 1, 0], [1, 1, 0]])
    p = np.exp(LOGITS[[0, 1, 5]]) / np.exp(LOGITS[[0, 1, 5]]).sum(axis=1, keepdims=True)
    expected = np.log(np.exp(votes).sum(axis=1)) - (p * votes).sum(axis=1)
    assert scores(3, answers).tolist() == pytest.approx(expected.tolist())


def test_agreement_is_near_zero_and_contradiction_near_k() -> None:
    found = scores(3, {2: 0, 3: 0, 4: 0, 6: UNKNOWN})
    assert found[0] < 0.2
    assert found[1] == pytest.approx(3, abs=0.15)


def test_unknowns_vote_for_no_class() -> None:
    found = scores(1, {2: 0, 6: UNKNOWN})
    assert found[2] == pytest.approx(np.log(3))


@pytest.mark.parametrize("answers", [{}, {2: UNKNOWN, 6: UNKNOWN}])
def test_without_votes_all_score_log_k(answers: Any) -> None:
    assert scores(5, answers).tolist() == pytest.approx([np.log(3)] * 3)


def test_even_votes_make_exact_ties() -> None:
    logits = np.random.default_rng(0).normal(size=(7, 3))
    for dtype in (np.float32, np.float64):
        for answers in ({}, {2: 0, 3: 1, 4: 2}, {2: UNKNOWN, 6: UNKNOWN}):
            found = scores(3, answers, logits.astype(dtype))
            assert len(torch.unique(found)) == 1


@pytest.mark.parametrize("k", [0, -1, True, 2.0])
def test_k_is_a_count(k: Any) -> None:
    with pytest.raises(ArgumentError, match="k must be"):
        Inconsistency(k)
