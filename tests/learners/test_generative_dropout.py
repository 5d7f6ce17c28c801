"""Dropout on embeddings, trained on answers and on copies of them."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal._seeds import derived_seed
from openal.errors import ArgumentError, ArrayError
from openal.learners import EmbeddingDropout
from openal.learners._generator import generated
from openal.learners.generative_dropout import GenerativeDropout

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS = (PIXELS / 16).astype("f4")[:400]
DIGITS = np.where(DIGITS < 4, DIGITS, UNKNOWN)[:400]
ALL = np.arange(400)
PLAIN = EmbeddingDropout(samples=5, hidden=32, steps=60)
FAST = GenerativeDropout(generator_steps=60, dropout=PLAIN)


def answered(count: int, classes: int = 4) -> LabeledSet:
    labeled = LabeledSet(400, classes)
    labeled.add(ALL[:count], DIGITS[:count])
    return labeled


def sampled(
    learner: Any = FAST, count: int = 150, seed: int = 0, embeddings: Any = PIXELS
) -> Tensor:
    pool = Pool(embeddings=embeddings)
    fitted = learner.fit(pool, answered(count), seed=seed, progress=False)
    found: Tensor = fitted.signals(pool, ALL, ("mc_logits",))["mc_logits"]
    return found


@pytest.mark.long
def test_each_sample_has_learned_the_classes() -> None:
    known = np.flatnonzero(DIGITS[150:] >= 0) + 150
    learner = GenerativeDropout(dropout=EmbeddingDropout(samples=5))
    right = (sampled(learner)[known].argmax(dim=2).numpy() == DIGITS[known, None]).mean(axis=0)
    assert right.mean() > 0.85


@pytest.mark.long
def test_it_is_dropout_on_answers_and_copies() -> None:
    known = answered(150).known_indices
    z, y = torch.from_numpy(PIXELS[known]), torch.from_numpy(DIGITS[known])
    rows, labels = generated(z, y, copies=2, generator_steps=60, seed=derived_seed(5, 1))
    both = LabeledSet(3 * len(z), 4)
    both.add(np.arange(both.size), np.concatenate([y, labels]))
    fitted = PLAIN.fit(Pool(embeddings=torch.cat([z, rows])), both, seed=5, progress=False)
    expected = fitted.signals(Pool(embeddings=PIXELS), ALL, ("mc_logits",))["mc_logits"]
    learner = GenerativeDropout(copies=2, generator_steps=60, dropout=PLAIN)
    assert sampled(learner, seed=5).equal(expected)
    assert not sampled(learner, seed=5).equal(sampled(PLAIN, seed=5))


def test_without_known_answers_it_is_plain_dropout() -> None:
    assert sampled(count=0).equal(sampled(PLAIN, count=0))


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_answers_is_enough(count: int) -> None:
    found = sampled(count=count)
    assert found.shape == (400, 5, 4)
    assert found.isfinite().all()


@pytest.mark.long
def test_classes_without_answers_and_equal_rows() -> None:
    pool = Pool(vectors=PIXELS[ALL // 2])
    dropout = EmbeddingDropout(samples=5, hidden=32, steps=60, embeddings="vectors")
    learner = GenerativeDropout(generator_steps=60, dropout=dropout)
    assert learner.reads == ("vectors",)
    fitted = learner.fit(pool, answered(50, classes=9), progress=False)
    found = fitted.signals(pool, ALL, ("mc_logits",))["mc_logits"]
    assert found.shape == (400, 5, 9)
    assert found.isfinite().all()
    assert found[::2].equal(found[1::2])


@pytest.mark.long
def test_the_seed_decides_and_nothing_is_changed() -> None:
    pixels, labeled = PIXELS.copy(), answered(40)
    before = torch.get_rng_state()
    FAST.fit(Pool(embeddings=pixels), labeled, progress=False)
    assert torch.get_rng_state().equal(before)
    assert np.array_equal(pixels, PIXELS)
    assert labeled.known_indices.tolist() == answered(40).known_indices.tolist()
    assert sampled().equal(sampled())
    assert not sampled().equal(sampled(seed=1))


def test_embeddings_are_checked() -> None:
    broken = PIXELS.copy()
    broken[0, 3] = np.nan
    with pytest.raises(ArrayError, match="index 0"):
        sampled(embeddings=broken)


@pytest.mark.parametrize("options", [{"copies": 0}, {"latent": 0}, {"label_weight": -1}])
def test_options_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        GenerativeDropout(**options)


def test_learner_pickles_and_repr_evaluates_back() -> None:
    assert eval(repr(FAST)) == pickle.loads(pickle.dumps(FAST)) == FAST  # noqa: S307
