"""The nearest class, in units of the classes' own spread."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from openal.functional.mahalanobis import standard
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import ClassGaussians
from openal.view import View

PIXELS, DIGITS = load_digits(return_X_y=True)
DIGITS = np.where(DIGITS < 4, DIGITS, UNKNOWN)


def view_of(answered: np.ndarray, features: np.ndarray = PIXELS) -> View:
    labeled = LabeledSet(len(DIGITS), 4)
    labeled.add(answered, DIGITS[answered])
    return Pool(features=features).view(labeled, reads=("features",))


def test_equals_the_definition() -> None:
    view = view_of(np.arange(120))
    points = standard(view.known["features"])(view.pool["features"]).numpy()
    known = standard(view.known["features"])(view.known["features"]).numpy()
    labels, d = view.labels.numpy(), PIXELS.shape[1]
    means = np.array([known[labels == k].mean(axis=0) for k in range(4)])
    within = known - means[labels]
    inverse = np.linalg.inv((within.T @ within + d * np.eye(d)) / (len(known) + d))
    away = points[:, None] - means
    expected = -np.einsum("nkd,de,nke->nk", away, inverse, away).min(axis=1)
    np.testing.assert_allclose(ClassGaussians()(view), expected, rtol=1e-5, atol=1e-4)


def test_tells_known_from_unknown() -> None:
    view = view_of(np.arange(200))
    scores, known = ClassGaussians()(view), torch.from_numpy(DIGITS[view.pool.indices] >= 0)
    best = scores.argsort(descending=True)[:300]
    assert known[best].double().mean() > 0.95


@pytest.mark.parametrize(
    "answered", [[], np.flatnonzero(DIGITS < 0)[:9], np.flatnonzero(DIGITS == 2)[:1]]
)
def test_little_to_learn_from(answered: np.ndarray) -> None:
    scores = ClassGaussians()(view_of(np.asarray(answered, np.int64)))
    assert scores.isfinite().all()
    assert (scores <= 0).all()


def test_features_without_any_direction() -> None:
    assert ClassGaussians()(view_of(np.arange(50), np.zeros_like(PIXELS))).unique().tolist() == [0]


def test_unknown_answers_do_not_move_it() -> None:
    known = np.flatnonzero(DIGITS >= 0)[:60]
    less, more = view_of(known), view_of(np.concatenate([known, np.flatnonzero(DIGITS < 0)[:40]]))
    shared = np.isin(less.pool.indices, more.pool.indices)
    np.testing.assert_array_equal(ClassGaussians()(less)[shared], ClassGaussians()(more))
