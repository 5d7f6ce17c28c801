import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, ArrayError
from openal.learners import EmbeddingDetector
from openal.strategies import JSOSAL, LfOSA
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = PIXELS / 16, np.where(DIGITS < 4, DIGITS, UNKNOWN)
ALL = np.arange(len(DIGITS))


def answered(indices: Any, classes: int = 4) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), classes)
    labeled.add(indices, DIGITS[indices])
    return labeled


def logits_of(
    detector: EmbeddingDetector, labeled: LabeledSet, embeddings: Any = PIXELS, seed: int = 0
) -> Tensor:
    pool = Pool(embeddings=embeddings)
    return detector.fit(pool, labeled, seed=seed).signals(pool, ALL, detector.offers)[
        detector.offers[0]
    ]


def test_tells_known_from_unknown() -> None:
    predicted = logits_of(EmbeddingDetector(), answered(ALL[:300])).argmax(dim=1).numpy()
    right = predicted == np.where(DIGITS < 0, 4, DIGITS)
    assert right[300:].mean() > 0.85


def test_hidden_units_tell_known_from_unknown() -> None:
    logits = logits_of(EmbeddingDetector(hidden=32), answered(ALL[:300]))
    right = logits.argmax(dim=1).numpy() == np.where(DIGITS < 0, 4, DIGITS)
    assert right[300:].mean() > 0.9


def test_binary_columns_are_known_and_unknown() -> None:
    logits = logits_of(EmbeddingDetector(binary=True), answered(ALL[:300]))
    assert logits.shape == (len(ALL), 2)
    assert (logits.argmax(dim=1).numpy() == (DIGITS < 0))[300:].mean() > 0.8


def test_temperature_premultiplies_the_logits() -> None:
    labeled = answered(ALL[:200])
    cold = logits_of(EmbeddingDetector(temperature=0.5, weight_decay=0.04), labeled)
    warm = logits_of(EmbeddingDetector(temperature=1.0, weight_decay=0.01), labeled)
    torch.testing.assert_close(cold, 0.5 * warm, atol=1e-3, rtol=0)


def test_scale_of_the_embeddings_does_not_matter() -> None:
    labeled = answered(ALL[:100])
    logits = logits_of(EmbeddingDetector(), labeled)
    torch.testing.assert_close(logits_of(EmbeddingDetector(), labeled, 1e6 * PIXELS), logits)


def test_feature_that_is_constant_in_the_answers_is_not_blown_up() -> None:
    embeddings = np.concatenate([PIXELS, np.zeros((len(ALL), 1))], axis=1)
    embeddings[500:, -1] = 1
    assert logits_of(EmbeddingDetector(), answered(ALL[:100]), embeddings).abs().max() < 10


def test_few_answers_make_no_one_certain() -> None:
    sure = logits_of(EmbeddingDetector(), answered(ALL[:20])).softmax(dim=1).amax(dim=1)
    assert sure.mean() < 0.9


def test_class_weights_lower_the_frequent_class() -> None:
    labeled = answered(np.union1d(np.flatnonzero(DIGITS == 0)[:150], ALL[:20]))
    plain = logits_of(EmbeddingDetector(), labeled)
    weighted = logits_of(EmbeddingDetector(class_weights=True), labeled)
    assert (weighted.argmax(dim=1) == 0).sum() < (plain.argmax(dim=1) == 0).sum()


def test_ratio_of_one_is_no_weighting() -> None:
    labeled = answered(ALL[:50])
    capped = EmbeddingDetector(class_weights=True, max_weight_ratio=1)
    torch.testing.assert_close(
        logits_of(capped, labeled), logits_of(EmbeddingDetector(), labeled), atol=1e-6, rtol=0
    )


def test_without_invalid_unknown_answers_do_not_matter() -> None:
    known = np.flatnonzero(DIGITS >= 0)[:40]
    everything = answered(np.concatenate([known, np.flatnonzero(DIGITS < 0)[:40]]))
    detector = EmbeddingDetector(use_invalid=False)
    assert logits_of(detector, everything).equal(logits_of(detector, answered(known)))


def test_skipped_answers_do_not_matter() -> None:
    labeled, skipping = answered(ALL[:40]), answered(ALL[:40])
    skipping.add(ALL[50:90], [-2] * 40)
    assert logits_of(EmbeddingDetector(), skipping).equal(logits_of(EmbeddingDetector(), labeled))


@pytest.mark.long
@walked
@pytest.mark.parametrize(
    "indices",
    [
        ALL[:0],
        ALL[:1],
        np.flatnonzero(DIGITS < 0)[:5],
        np.flatnonzero(DIGITS >= 0)[:5],
        np.flatnonzero(DIGITS == 2)[:5],
        np.flatnonzero(DIGITS == 2)[:1],
    ],
    ids=["none", "one", "all unknown", "all known", "one class", "one of one class"],
)
@pytest.mark.parametrize("hidden", [None, 8])
@pytest.mark.parametrize("binary", [False, True])
def test_cold_starts_are_finite(indices: np.ndarray, hidden: int | None, binary: bool) -> None:
    detector = EmbeddingDetector(hidden=hidden, binary=binary, class_weights=True)
    logits = logits_of(detector, answered(indices), PIXELS.astype("f4"))
    assert logits.isfinite().all()
    assert logits.abs().max() < 100


def test_one_known_class_is_enough() -> None:
    labeled = LabeledSet(len(ALL), 1)
    labeled.add(ALL[:200], np.where(DIGITS[:200] == 0, 0, UNKNOWN))
    right = logits_of(EmbeddingDetector(), labeled).argmax(dim=1).numpy() == (DIGITS != 0)
    assert right.mean() > 0.95


def test_before_any_answer_the_logits_are_equal() -> None:
    labeled = answered(ALL[:0])
    assert logits_of(EmbeddingDetector(), labeled, seed=3).unique().tolist() == [0.0]


def test_known_answers_alone_teach_a_binary_detector_nothing() -> None:
    logits = logits_of(EmbeddingDetector(binary=True), answered(np.flatnonzero(DIGITS >= 0)[:9]))
    torch.testing.assert_close(logits, logits[:1].expand_as(logits), atol=1e-4, rtol=0)


@pytest.mark.long
@pytest.mark.parametrize("hidden", [None, 16])
def test_same_seed_gives_the_same_logits(hidden: int | None) -> None:
    labeled, detector = answered(ALL[:100]), EmbeddingDetector(hidden=hidden)
    first = logits_of(detector, labeled)
    torch.rand(7)
    assert logits_of(detector, labeled).equal(first)


@pytest.mark.long
def test_seed_decides_hidden_units() -> None:
    labeled, detector = answered(ALL[:100]), EmbeddingDetector(hidden=16)
    assert not logits_of(detector, labeled, seed=1).equal(logits_of(detector, labeled, seed=2))


def test_seed_does_not_decide_a_linear_detector() -> None:
    labeled, detector = answered(ALL[:100]), EmbeddingDetector()
    assert logits_of(detector, labeled, seed=1).equal(logits_of(detector, labeled, seed=2))


def test_number_of_threads_does_not_matter() -> None:
    labeled, before = answered(ALL[:100]), torch.get_num_threads()
    logits = logits_of(EmbeddingDetector(), labeled)
    torch.set_num_threads(1 if before > 1 else 2)
    try:
        torch.testing.assert_close(logits_of(EmbeddingDetector(), labeled), logits)
    finally:
        torch.set_num_threads(before)


def test_global_random_state_stays() -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    logits_of(EmbeddingDetector(hidden=4), answered(ALL[:20]))
    assert torch.get_rng_state().equal(before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # type: ignore[index]  # noqa: NPY002


def test_number_of_threads_stays() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        logits_of(EmbeddingDetector(), answered(ALL[:20]))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_works_where_gradients_are_off() -> None:
    labeled = answered(ALL[:50])
    with torch.no_grad():
        logits = logits_of(EmbeddingDetector(), labeled)
    assert logits.equal(logits_of(EmbeddingDetector(), labeled))


def test_rows_do_not_depend_on_each_other() -> None:
    pool, labeled = Pool(embeddings=PIXELS.astype("f4")), answered(ALL[:100])
    fitted = EmbeddingDetector().fit(pool, labeled)
    every = fitted.signals(pool, ALL, ("detector_logits",))["detector_logits"]
    some = fitted.signals(pool, ALL[[7, 3]], ("detector_logits",))["detector_logits"]
    assert some.equal(every[[7, 3]])


def test_linear_features_are_the_scaled_embeddings() -> None:
    pool, labeled = Pool(embeddings=PIXELS), answered(ALL[:60])
    fitted = EmbeddingDetector().fit(pool, labeled)
    features = fitted.signals(pool, ALL[:60], ("detector_features",))["detector_features"]
    assert features.shape == (60, 64)
    assert features.square().mean() == pytest.approx(1)


def test_hidden_features_are_the_units() -> None:
    pool, labeled = Pool(embeddings=PIXELS), answered(ALL[:60])
    fitted = EmbeddingDetector(hidden=5).fit(pool, labeled)
    features = fitted.signals(pool, ALL[:9], ("detector_features",))["detector_features"]
    assert features.shape == (9, 5)
    assert features.min() >= 0


@pytest.mark.parametrize("dtype, wanted", [("f8", "f8"), ("f4", "f4"), ("f2", "f4"), ("u1", "f4")])
def test_precision_follows_the_embeddings(dtype: str, wanted: str) -> None:
    embeddings = (16 * PIXELS).astype(dtype)
    logits = logits_of(EmbeddingDetector(), answered(ALL[:9]), embeddings)
    assert logits.numpy().dtype == np.dtype(wanted)


def test_signals_may_have_another_name() -> None:
    pool = Pool(clip=PIXELS)
    detector = EmbeddingDetector(embeddings="clip")
    assert detector.reads == detector.fit(pool, answered(ALL[:9])).reads == ("clip",)


def test_bad_embedding_is_named() -> None:
    broken = PIXELS.copy()
    broken[5, 0] = np.nan
    with pytest.raises(ArrayError, match="embeddings must be finite; index 5 is not"):
        logits_of(EmbeddingDetector(), answered(ALL[:9]), broken)


def test_embeddings_must_be_vectors() -> None:
    with pytest.raises(ArrayError, match=r"embeddings must be \[N, D\]"):
        logits_of(EmbeddingDetector(), answered(ALL[:9]), PIXELS.reshape(-1, 8, 8))


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0},
        {"hidden": 0},
        {"max_weight_ratio": 0.5},
        {"weight_decay": -1},
        {"steps": 0},
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        EmbeddingDetector(**wrong)


def test_repr_evaluates_back() -> None:
    detector = EmbeddingDetector(temperature=1.0, hidden=7, binary=True, embeddings="clip")
    assert eval(repr(detector)) == detector  # noqa: S307


def test_fitted_detector_can_be_pickled() -> None:
    pool = Pool(embeddings=PIXELS)
    fitted = EmbeddingDetector().fit(pool, answered(ALL[:30]))
    again = pickle.loads(pickle.dumps(fitted))
    logits = (each.signals(pool, ALL, ("detector_logits",)) for each in (fitted, again))
    assert next(logits)["detector_logits"].equal(next(logits)["detector_logits"])


@pytest.mark.parametrize("strategy", [LfOSA, JSOSAL])
def test_strategies_find_the_known(strategy: Callable[[], LfOSA | JSOSAL]) -> None:
    labeled = answered(np.flatnonzero(DIGITS >= 0)[:40])
    pool = Pool(embeddings=PIXELS, logits=np.zeros((len(ALL), 4)))
    for seed in range(3):
        query = strategy().query(pool, labeled, 20, seed=seed)
        labeled.add(query.indices, DIGITS[query.indices])
    assert len(labeled.unknown_indices) < 15
