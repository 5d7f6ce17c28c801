import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.learners import EmbeddingClassifier

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS = PIXELS / 16
ALL = np.arange(len(DIGITS))
POOL = Pool(embeddings=PIXELS)


def answered(count: int) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), 10)
    labeled.add(ALL[:count], DIGITS[:count])
    return labeled


def logits_of(classifier: EmbeddingClassifier, labeled: LabeledSet) -> Tensor:
    return classifier.fit(POOL, labeled).signals(POOL, ALL, ("logits",))["logits"]


def test_is_logistic_regression() -> None:
    x = PIXELS - PIXELS[:200].mean(axis=0)
    x = np.pad(x / np.sqrt((x[:200] ** 2).mean()), [(0, 0), (0, 1)], constant_values=1)
    reference = LogisticRegression(C=1 / (200 * 0.03), fit_intercept=False, tol=1e-8, max_iter=999)
    expected = reference.fit(x[:200], DIGITS[:200]).predict_proba(x)
    found = logits_of(EmbeddingClassifier(), answered(200)).softmax(dim=1)
    torch.testing.assert_close(found, torch.from_numpy(expected), atol=1e-3, rtol=0)


def test_unknown_answers_do_not_matter() -> None:
    labeled = answered(50)
    labeled.add(ALL[60:90], [UNKNOWN] * 30)
    expected = logits_of(EmbeddingClassifier(), answered(50))
    assert logits_of(EmbeddingClassifier(), labeled).equal(expected)


def test_class_without_answers_is_unlikely() -> None:
    labeled = LabeledSet(len(DIGITS), 11)
    labeled.add(ALL[:200], DIGITS[:200])
    probs = logits_of(EmbeddingClassifier(), labeled).softmax(dim=1)
    assert 0 < probs[:, 10].max() < 0.1


def test_one_class_has_one_logit() -> None:
    labeled = LabeledSet(len(DIGITS), 1)
    labeled.add(ALL[:3], [0, 0, 0])
    logits = logits_of(EmbeddingClassifier(), labeled)
    assert logits.shape == (len(ALL), 1)
    assert logits.isfinite().all()


def test_no_answers_give_finite_logits() -> None:
    assert logits_of(EmbeddingClassifier(hidden=8), answered(0)).isfinite().all()


def test_hidden_units_classify() -> None:
    logits = logits_of(EmbeddingClassifier(hidden=32), answered(300))
    assert (logits.argmax(dim=1).numpy() == DIGITS)[300:].mean() > 0.85


def test_features_are_offered() -> None:
    fitted = EmbeddingClassifier(hidden=6).fit(POOL, answered(30))
    signals = fitted.signals(POOL, ALL[:4], ("features", "logits"))
    assert signals["features"].shape == (4, 6)
    assert fitted.offers == EmbeddingClassifier().offers


def test_repr_evaluates_back() -> None:
    classifier = EmbeddingClassifier(hidden=3, weight_decay=1.0)
    assert eval(repr(classifier)) == classifier  # noqa: S307


@pytest.mark.parametrize("hidden", [None, 8])
def test_before_any_known_answer_the_logits_are_equal(hidden: int | None) -> None:
    pool, nobody = Pool(embeddings=torch.randn(9, 4)), LabeledSet(9, 3)
    fitted = EmbeddingClassifier(hidden=hidden).fit(pool, nobody, seed=1)
    found = fitted.signals(pool, np.arange(9), ("logits", "features"))
    assert found["logits"].unique().tolist() == [0.0]
    assert len(found["features"].unique(dim=0)) == 9
