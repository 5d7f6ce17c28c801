"""A hidden layer on embeddings, some of whose units are dropped."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, ArrayError
from openal.functional import bald
from openal.learners import EmbeddingDropout
from openal.learners._on_embeddings import FittedOnEmbeddings
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS = (PIXELS / 16).astype("f4")[:600]
DIGITS = np.where(DIGITS < 4, DIGITS, UNKNOWN)[:600]
ALL = np.arange(600)
FAST = EmbeddingDropout(samples=5, hidden=32, steps=60)


def answered(count: int, classes: int = 4) -> LabeledSet:
    labeled = LabeledSet(600, classes)
    labeled.add(ALL[:count], DIGITS[:count])
    return labeled


def sampled(
    learner: EmbeddingDropout = FAST, count: int = 200, seed: int = 0, embeddings: Any = PIXELS
) -> Tensor:
    pool = Pool(embeddings=embeddings)
    fitted = learner.fit(pool, answered(count), seed=seed, progress=False)
    return fitted.signals(pool, ALL, ("mc_logits",))["mc_logits"]


@pytest.mark.long
def test_each_sample_has_learned_the_classes() -> None:
    known = np.flatnonzero(DIGITS[200:] >= 0) + 200
    predicted = sampled(EmbeddingDropout(samples=5))[known].argmax(dim=2).numpy()
    right = (predicted == DIGITS[known, None]).mean(axis=0)
    assert right.min() > 0.75
    assert right.mean() > 0.85


@pytest.mark.long
def test_samples_disagree_more_about_the_unknown() -> None:
    found = bald(sampled(EmbeddingDropout()))[200:]
    unknown = torch.from_numpy(DIGITS[200:] < 0)
    assert found[unknown].mean() > 1.5 * found[~unknown].mean()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_any_number_of_answers_is_enough(count: int) -> None:
    found = sampled(count=count)
    assert found.shape == (600, 5, 4)
    assert found.isfinite().all()
    assert found[:, 0].equal(found[:, 1]) == (count == 0)


def test_sample_t_is_one_network_for_all_items() -> None:
    pool = Pool(embeddings=PIXELS)
    fitted = FAST.fit(pool, answered(50), progress=False)
    expected = fitted.signals(pool, ALL, ("mc_logits",))["mc_logits"]
    few = fitted.signals(pool, ALL[[7, 3]], ("mc_logits",))["mc_logits"]
    assert few.equal(expected[[7, 3]])
    sampled_network: Any = fitted.function
    network = sampled_network.network
    weight = {tuple(row) for row in network.output.weight.tolist()}
    assert len(weight) == 4
    units = network.hidden(network.scaled(torch.tensor(PIXELS).double()))
    plain = network.output(units).float()
    assert not expected[:, 0].allclose(plain, atol=0.1)


def test_equal_rows_are_sampled_alike() -> None:
    found = sampled(embeddings=PIXELS[ALL // 2])
    assert found[::2].equal(found[1::2])


@pytest.mark.long
def test_the_seed_decides_and_global_numbers_stay() -> None:
    before, first = torch.get_rng_state(), sampled()
    assert torch.get_rng_state().equal(before)
    torch.rand(3)
    assert sampled().equal(first)
    assert not sampled(seed=1).equal(first)


def test_scale_and_shift_of_the_embeddings_do_not_matter() -> None:
    scaled = sampled(embeddings=1000 * PIXELS.astype("f8") + 5)
    assert scaled.dtype == torch.float64
    torch.testing.assert_close(scaled.float(), sampled(), atol=0.05, rtol=0.05)


@pytest.mark.long
def test_more_shares_dropped_disagree_more() -> None:
    few, many = (sampled(EmbeddingDropout(5, p, 32, 60)) for p in (0.1, 0.7))
    assert bald(few).mean() < bald(many).mean()


def test_embeddings_are_checked() -> None:
    with pytest.raises(ArrayError, match="must be"):
        sampled(embeddings=PIXELS[:, None])
    broken = PIXELS.copy()
    broken[500, 3] = np.nan
    with pytest.raises(ArrayError, match="index 500"):
        sampled(embeddings=broken)


@walked
@pytest.mark.parametrize(
    "options",
    [{"samples": 0}, {"p": 0}, {"p": 1}, {"hidden": 0}, {"steps": 0}, {"batch_size": 0}]
    + [{"lr": 0}, {"weight_decay": -1}],
)
def test_options_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        EmbeddingDropout(**options)


def test_learner_and_fitted_pickle_and_repr_evaluates_back() -> None:
    assert eval(repr(FAST)) == pickle.loads(pickle.dumps(FAST)) == FAST  # noqa: S307
    pool = Pool(embeddings=PIXELS)
    fitted = FAST.fit(pool, answered(9), progress=False)
    again: FittedOnEmbeddings = pickle.loads(pickle.dumps(fitted))
    found = [each.signals(pool, ALL[:9], ("mc_logits",))["mc_logits"] for each in (fitted, again)]
    assert found[0].equal(found[1])
