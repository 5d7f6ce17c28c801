"""The share of class texts in a softmax with negative ones, and how negatives are chosen."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, ArrayError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import NegativeLabels, negative_labels
from tests.walking import walked

RNG = np.random.default_rng(0)
CLASSES, NEGATIVES, Z = (RNG.normal(size=(n, 7)).astype(np.float32) for n in (3, 11, 20))


def unit(z: np.ndarray) -> np.ndarray:
    wide = z.astype(np.float64)
    scaled: np.ndarray = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return scaled


def slow(z: np.ndarray, scale: float, groups: int) -> list[float]:
    """Equation 6, group by group: sum of exp over classes against that over classes and group."""
    result = []
    for each in unit(z):
        positive = [math.exp(scale * c) for c in unit(CLASSES) @ each]
        negative = [math.exp(scale * c) for c in unit(NEGATIVES) @ each]
        dealt = [math.fsum(negative[g::groups]) for g in range(groups)]
        shares = [math.fsum(positive) / (math.fsum(positive) + rest) for rest in dealt]
        result.append(math.fsum(shares) / groups)
    return result


def scores(z: np.ndarray = Z, **options: Any) -> np.ndarray:
    texts = torch.tensor(CLASSES), torch.tensor(NEGATIVES)
    view = Pool(embeddings=z).view(LabeledSet(len(z), 3), reads=("embeddings",))
    found: np.ndarray = NegativeLabels(texts[0], negatives=texts[1], **options)(view).numpy()
    return found


@walked
@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("groups", [1, 2, 4, 11])
def test_equals_the_formula(scale: float, groups: int) -> None:
    np.testing.assert_allclose(
        scores(scale=scale, groups=groups), slow(Z, scale, groups), rtol=3e-4, atol=1e-12
    )


def test_one_group_is_the_share_of_one_softmax() -> None:
    logits = 10 * unit(Z) @ unit(np.concatenate([CLASSES, NEGATIVES])).T
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores(scale=10.0, groups=1), p[:, :3].sum(axis=1), rtol=1e-5)


def test_there_are_at_most_as_many_groups_as_negatives() -> None:
    assert np.array_equal(scores(groups=100), scores(groups=11))
    assert np.array_equal(scores(), scores(scale=100.0, groups=100))


def test_the_length_of_an_embedding_does_not_matter() -> None:
    assert np.array_equal(scores(64 * Z), scores())
    np.testing.assert_allclose(scores(Z * 1e-3), scores(), rtol=1e-3)
    texts = torch.tensor(8 * CLASSES), torch.tensor(0.25 * NEGATIVES)
    view = Pool(embeddings=Z).view(LabeledSet(20, 3), reads=("embeddings",))
    assert np.array_equal(NegativeLabels(texts[0], negatives=texts[1])(view).numpy(), scores())


def test_a_class_text_is_known_and_a_negative_is_not() -> None:
    found = scores(np.concatenate([CLASSES, NEGATIVES]), groups=1)
    assert (found[:3] > 0.99).all() and (found[3:] < 0.01).all()


def test_evidence_beyond_the_floats_gives_no_nan() -> None:
    found = scores(scale=1e5)
    assert np.isfinite(found).all() and ((found >= 0) & (found <= 1)).all()


@walked
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 1.0])
def test_negatives_are_least_like_any_class(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    classes, vocabulary = rng.normal(size=(int(rng.integers(1, 30)), 5)), rng.normal(size=(40, 5))
    likeness = [np.quantile(unit(classes) @ word, 0.95) for word in unit(vocabulary)]
    expected = sorted(np.argsort(likeness)[: max(1, round(share * 40))].tolist())
    found = negative_labels(torch.tensor(classes), torch.tensor(vocabulary), share)
    assert found.tolist() == expected


def test_equally_alike_words_are_taken_in_their_order() -> None:
    found = negative_labels(torch.eye(2), torch.tensor([[1.0, 1.0]] * 6), share=0.5)
    assert found.tolist() == [0, 1, 2]


def test_the_default_share_is_that_of_the_paper() -> None:
    assert len(negative_labels(torch.eye(4), torch.randn(100, 4))) == 15


@pytest.mark.parametrize("options", [{"scale": 0}, {"groups": 0}, {"groups": 2.5}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        NegativeLabels(torch.eye(2), negatives=torch.eye(2), **options)


def test_no_texts_and_texts_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ArrayError, match="vocabulary must hold at least one text"):
        negative_labels(torch.eye(2), torch.empty(0, 2))
    with pytest.raises(ArrayError, match="classes must be finite; row 1 is not"):
        negative_labels(torch.tensor([[1.0, 0], [math.nan, 0]]), torch.eye(2))
    with pytest.raises(ArgumentError, match="share must be"):
        negative_labels(torch.eye(2), torch.eye(2), share=0)
    view = Pool(embeddings=np.eye(2)).view(LabeledSet(2, 2), reads=("embeddings",))
    with pytest.raises(ArrayError, match="negatives must hold at least one text"):
        NegativeLabels(torch.eye(2), negatives=torch.empty(0, 2))(view)
