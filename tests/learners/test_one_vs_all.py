"""Yes-or-no heads, on embeddings and on images."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.learners import EmbeddingOneVsAll, OneVsAll
from openal.learners.one_vs_all import yes_or_no_loss
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = (PIXELS / 16).astype("f4"), np.where(DIGITS < 4, DIGITS, UNKNOWN)
ALL = np.arange(len(DIGITS))
POOL = Pool(list(PIXELS), embeddings=PIXELS)


def answered(indices: Any, classes: int = 4) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), classes)
    labeled.add(indices, DIGITS[indices])
    return labeled


def vectors(num_outputs: int) -> nn.Module:
    return nn.Linear(64, num_outputs)


LEARNERS: list[Any] = [
    EmbeddingOneVsAll(),
    EmbeddingOneVsAll(hidden=32),
    OneVsAll(vectors, epochs=30, lr=0.1, augment=None, device="cpu"),
]


def heads(learner: Any, labeled: LabeledSet, seed: int = 0) -> dict[str, Tensor]:
    fitted = learner.fit(POOL, labeled, seed=seed)
    found: dict[str, Tensor] = fitted.signals(POOL, ALL, fitted.offers)
    return found


@pytest.mark.long
@pytest.mark.parametrize("learner", LEARNERS, ids=["linear", "hidden", "network"])
def test_heads_tell_the_classes_from_each_other_and_from_the_rest(learner: Any) -> None:
    found = heads(learner, answered(ALL[:400]))
    assert found["logits"].shape == (len(ALL), 4)
    assert found["head_logits"].shape == (len(ALL), 2, 4)
    yes = (found["head_logits"][:, 1] - found["head_logits"][:, 0])[400:]
    truth = torch.from_numpy(DIGITS[400:])
    rest = truth < 0
    assert ((yes.amax(dim=1) <= 0) == rest).double().mean() > 0.8
    assert (yes[~rest].argmax(dim=1) == truth[~rest]).double().mean() > 0.9
    assert (found["logits"][400:][~rest].argmax(dim=1) == truth[~rest]).double().mean() > 0.9


@pytest.mark.long
@walked
@pytest.mark.parametrize("learner", LEARNERS, ids=["linear", "hidden", "network"])
@pytest.mark.parametrize("indices", [[], np.flatnonzero(DIGITS < 0)[:5], ALL[DIGITS == 1][:1]])
def test_learns_from_little(learner: Any, indices: Any) -> None:
    found = heads(learner, answered(indices))
    assert all(each.isfinite().all() for each in found.values())


def test_the_loss_by_hand() -> None:
    outputs = torch.randn(3, 6, dtype=torch.float64)
    labels = torch.tensor([1, 2, 0])  # 2 is unknown
    p = outputs[:, 2:].reshape(3, 2, 2).softmax(dim=1)
    no, yes = -p[:, 0].log(), -p[:, 1].log()
    binary = (yes[0, 1] + no[0, 0], no[1].mean(), yes[2, 0] + no[2, 1])
    classes = -outputs[:, :2].log_softmax(dim=1)
    expected = sum(binary) / 3 + (classes[0, 1] + classes[2, 0]) / 2
    torch.testing.assert_close(yes_or_no_loss(2)(outputs, labels), expected)


def test_the_loss_of_unknown_items_alone_is_finite() -> None:
    outputs = torch.zeros(2, 9, requires_grad=True)
    loss = yes_or_no_loss(3)(outputs, torch.tensor([3, 3]))
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2))
    assert outputs.grad is not None and outputs.grad.isfinite().all()


def test_a_linear_layer_needs_no_seed_and_pickles() -> None:
    labeled = answered(ALL[:60])
    first = heads(EmbeddingOneVsAll(), labeled, seed=0)["head_logits"]
    assert torch.equal(first, heads(EmbeddingOneVsAll(), labeled, seed=1)["head_logits"])
    fitted = pickle.loads(pickle.dumps(EmbeddingOneVsAll().fit(POOL, labeled)))
    assert torch.equal(fitted.signals(POOL, ALL, ("head_logits",))["head_logits"], first)
