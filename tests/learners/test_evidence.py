"""Evidence for the known and for kinds of unknown."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.learners import EmbeddingEvidence

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = (PIXELS / 16).astype("f4"), np.where(DIGITS < 4, DIGITS, UNKNOWN)
ALL = np.arange(len(DIGITS))
POOL = Pool(embeddings=PIXELS)


def answered(indices: Any) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), 4)
    labeled.add(indices, DIGITS[indices])
    return labeled


def heads(learner: EmbeddingEvidence, labeled: LabeledSet, seed: int = 0) -> dict[str, Tensor]:
    fitted = learner.fit(POOL, labeled, seed=seed)
    found: dict[str, Tensor] = fitted.signals(POOL, ALL, fitted.offers)
    return found


def margin(evidence: Tensor) -> Tensor:
    return evidence[:, :4].amax(dim=1) - evidence[:, 4:].amax(dim=1)


@pytest.mark.long
@pytest.mark.parametrize("learner", [EmbeddingEvidence(), EmbeddingEvidence(hidden=32)], ids=repr)
def test_tells_the_classes_and_the_rest(learner: EmbeddingEvidence) -> None:
    found = heads(learner, answered(ALL[:400]))
    truth = torch.from_numpy(DIGITS[400:])
    known = truth >= 0
    assert found["evidence_logits"].shape[1] > 4
    assert ((margin(found["evidence_logits"])[400:] > 0) == known).double().mean() > 0.9
    assert (found["logits"][400:][known].argmax(dim=1) == truth[known]).double().mean() > 0.9


@pytest.mark.parametrize(
    "indices",
    [[], np.flatnonzero(DIGITS < 0)[:5], np.flatnonzero(DIGITS == 1)[:1], ALL[:3], [0, 4, 14]],
)
def test_learns_from_little(indices: Any) -> None:
    found = heads(EmbeddingEvidence(), answered(indices))
    assert all(each.isfinite().all() for each in found.values())
    assert found["logits"].shape[1] == 4
    assert found["evidence_logits"].shape[1] >= 5


def test_at_most_so_many_kinds() -> None:
    assert (
        heads(EmbeddingEvidence(max_kinds=1), answered(ALL[:200]))["evidence_logits"].shape[1] == 5
    )


@pytest.mark.long
def test_the_seed_decides_nothing_and_the_fit_pickles() -> None:
    labeled = answered(ALL[:90])
    first = heads(EmbeddingEvidence(), labeled)["evidence_logits"]
    assert torch.equal(first, heads(EmbeddingEvidence(), labeled, seed=7)["evidence_logits"])
    fitted = pickle.loads(pickle.dumps(EmbeddingEvidence().fit(POOL, labeled)))
    again = fitted.signals(POOL, ALL, ("evidence_logits",))["evidence_logits"]
    assert torch.equal(again, first)


@pytest.mark.long
def test_kinds_of_unknown_tell_more_than_one_unknown_class() -> None:
    labeled = answered(ALL[:200])
    known = DIGITS[200:] >= 0
    many, one = (
        roc_auc_score(known, margin(heads(learner, labeled)["evidence_logits"])[200:])
        for learner in (EmbeddingEvidence(), EmbeddingEvidence(max_kinds=1))
    )
    assert many > one + 0.01


def test_refuses_no_kinds() -> None:
    with pytest.raises(ArgumentError, match="max_kinds"):
        EmbeddingEvidence(max_kinds=0)
