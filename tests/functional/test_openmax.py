"""OpenMax against its steps, one item and one class at a time."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import weibull_min
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import openmax
from openal.functional.openmax import openmax_model
from tests.walking import walked


def by_steps(
    logits: np.ndarray,
    known: np.ndarray,
    labels: np.ndarray,
    alpha: int,
    scale: float,
) -> np.ndarray:
    """Bendale and Boult, algorithms 1 and 2, with scipy's Weibull distribution."""
    k = logits.shape[1]

    def distance(z: np.ndarray, mean: np.ndarray) -> float:
        cosine = z @ mean / (np.linalg.norm(z) * np.linalg.norm(mean))
        return float(np.linalg.norm(z - mean) / scale + 1 - cosine)

    means, weibulls = {}, {}
    for c in range(k):
        own = known[(labels == c) & (known.argmax(axis=1) == c)]
        if len(own) >= 3:
            means[c] = own.mean(axis=0)
            tail = np.sort([distance(z, means[c]) for z in own])[-20:]
            shape, _, size = weibull_min.fit(tail - tail[0] + 1, floc=0)
            weibulls[c] = shape, size, tail[0]
    result = np.empty((len(logits), k + 1))
    for row, z in enumerate(logits):
        revised, unknown = z.copy(), 0.0
        for i, c in enumerate(np.argsort(-z, kind="stable")[:alpha], start=1):
            if c in means:
                shape, size, start = weibulls[c]
                w = weibull_min.cdf(distance(z, means[c]) - start + 1, shape, scale=size)
                share = (min(alpha, k) + 1 - i) / min(alpha, k)
                revised[c] -= z[c] * w * share
                unknown += z[c] - revised[c]
        odds = np.exp(np.append(revised, unknown) - max(*revised, unknown))
        result[row] = odds / odds.sum()
    return result


oracle_of_openmax = by_steps


def drawn(seed: int, k: int = 4, m: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, m)
    known = rng.normal(size=(m, k)) + 4 * np.eye(k)[labels]
    return rng.normal(size=(50, k)) * 2 + rng.integers(0, 5, (50, 1)), known, labels


def found(logits: Any, known: Any, labels: Any, **options: Any) -> Tensor:
    return openmax(*(torch.as_tensor(each) for each in (logits, known, labels)), **options)


@pytest.mark.long
@walked
@pytest.mark.parametrize("alpha", [1, 2, 10])
@pytest.mark.parametrize("seed", range(3))
def test_the_steps_give_the_same(seed: int, alpha: int) -> None:
    data = drawn(seed)
    p = found(*data, alpha=alpha, scale=2.5)
    assert p.numpy() == pytest.approx(by_steps(*data, alpha, 2.5), abs=2e-4)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["clustered", "twice", "a class without answers", "permuted"])
def test_the_steps_give_the_same_for_other_answers(kind: str) -> None:
    logits, known, labels = drawn(8)
    rng = np.random.default_rng(8)
    if kind == "clustered":
        known = 5 * np.eye(4)[labels] + 0.2 * known
    elif kind == "twice":
        logits, known, labels = (np.repeat(each, 2, axis=0) for each in (logits, known, labels))
    elif kind == "a class without answers":
        known, labels = known[labels != 2], labels[labels != 2]
    else:
        order = rng.permutation(len(labels))
        known, labels = known[order], labels[order]
    p = found(logits, known, labels, alpha=3, scale=2.5)
    assert p.numpy() == pytest.approx(by_steps(logits, known, labels, 3, 2.5), abs=2e-4)


def test_rows_know_nothing_of_each_other() -> None:
    logits, known, labels = drawn(3)
    p = found(np.concatenate([logits, logits[::-1]]), known, labels)
    assert p[:50].equal(p[50:].flip(0))
    assert found(logits[7:8], known, labels).equal(p[7:8])


def test_the_scale_of_logits_does_not_move_the_weights() -> None:
    _, known, labels = map(torch.from_numpy, drawn(4))
    logits = known + 0.1
    classes = logits.argmax(dim=1)
    weights = []
    for size in (1, 1e3, 1e-3):
        model = openmax_model(size * known, labels)
        distances = model.distances(size * logits, classes)
        weights.append(model.tails.at(classes).exceedance(distances))
    assert 0.1 < weights[0].mean() < 0.9
    torch.testing.assert_close(weights[1], weights[0])
    torch.testing.assert_close(weights[2], weights[0])


def test_wrongly_classified_answers_do_not_count() -> None:
    logits, known, labels = drawn(5)
    labels = np.where(np.arange(80) < 9, 0, labels)
    right = known.argmax(axis=1) == labels
    assert 0 < right.sum() < len(right)
    assert found(logits, known, labels).equal(found(logits, known[right], labels[right]))


def test_without_answers_the_unknown_logit_is_zero() -> None:
    logits, known, labels = drawn(6)
    p = found(logits, known[:0], labels[:0])
    plain = torch.cat([torch.from_numpy(logits), torch.zeros(50, 1)], dim=1).softmax(dim=1)
    assert p.numpy() == pytest.approx(plain.numpy())


@pytest.mark.parametrize("known", [[[3.0], [4.0], [5.0]], [[0.0]] * 4])
def test_one_class(known: list[list[float]]) -> None:
    p = found([[4.0], [40.0], [-1.0], [0.0]], known, [0] * len(known))
    assert p.shape == (4, 2)
    assert p.isfinite().all()


def test_what_is_far_is_unknown() -> None:
    rng = np.random.default_rng(0)
    known = rng.normal(size=(60, 3)) + 9 * np.eye(3)[np.arange(60) % 3]
    p = found([[9.0, 0.0, 0.0], [5.0, 5.0, 4.0]], known, np.arange(60) % 3)
    assert p[0, -1] < 0.1
    assert p[1, -1] > 0.9


def test_precision_follows_the_logits() -> None:
    logits, known, labels = drawn(7)
    wide, narrow = found(logits, known, labels), found(logits.astype("f4"), known, labels)
    assert (wide.dtype, narrow.dtype) == (torch.float64, torch.float32)
    assert found(logits.astype("f2"), known, labels).dtype == torch.float32
    assert narrow.numpy() == pytest.approx(wide.numpy(), abs=1e-4)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"logits": np.full((2, 4), np.nan)}, "logits must be finite; row 0"),
        ({"logits": np.zeros((2, 3))}, r"logits must be \(N, 4\)"),
        ({"known": np.full((80, 4), np.inf)}, "known_logits must be finite; row 0"),
        ({"labels": np.full(80, 4)}, r"known_labels\[0\] is 4"),
        ({"labels": np.zeros(3, int)}, "known_labels must be one for each of 80"),
    ],
)
def test_arrays_that_cannot_be(change: dict[str, Any], words: str) -> None:
    arguments = dict(zip(("logits", "known", "labels"), drawn(0), strict=True))
    with pytest.raises(ArrayError, match=words):
        found(**{**arguments, **change})


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"tail": 0}, {"scale": 0}, {"shift": 0}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        found(*drawn(0), **wrong)
