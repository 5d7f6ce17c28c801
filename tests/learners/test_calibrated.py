"""A detector calibrated on answers that it has not seen."""

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional._calibration import slope_and_offset
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.learners import CalibratedDetector, EmbeddingDetector
from openal.learners.calibrated import FittedCalibration
from openal.pool import Pool

PIXELS, DIGITS = load_digits(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(DIGITS))[:700]
Z, TRUTH = PIXELS[ORDER].astype("f4"), np.where(DIGITS[ORDER] < 4, DIGITS[ORDER], UNKNOWN)
POOL, ALL = Pool(embeddings=Z), np.arange(700)


def answered(indices: Any, labels: Any = None) -> LabeledSet:
    labeled = LabeledSet(700, 4)
    if len(indices):
        labeled.add(indices, TRUTH[indices] if labels is None else labels)
    return labeled


def log_odds(learner: Any, labeled: LabeledSet, rows: np.ndarray) -> Tensor:
    fitted = learner.fit(POOL, labeled, seed=0, progress=False)
    found: Tensor = fitted.signals(POOL, rows, ("known_log_odds",))["known_log_odds"]
    return found


@dataclass(frozen=True)
class Recorder:
    """A detector that is sure of what it has seen, and writes down what that was."""

    seen: list[set[int]] = field(default_factory=list)
    offers, reads = ("detector_logits",), ("embeddings",)

    def fit(self, pool: Pool, labeled: LabeledSet, **_: Any) -> "ByHeart":
        known, unknown = (set(x.tolist()) for x in (labeled.known_indices, labeled.unknown_indices))
        self.seen.append(known | unknown)
        return ByHeart(known, unknown)


@dataclass(frozen=True)
class ByHeart:
    known: set[int]
    unknown: set[int]
    offers, reads = ("detector_logits",), ("embeddings",)

    def signals(self, pool: Pool, indices: np.ndarray, *_: Any, **__: Any) -> dict[str, Tensor]:
        sure = [9.0 * ((i in self.known) - (i in self.unknown)) for i in indices.tolist()]
        return {"detector_logits": torch.tensor([[x, -1e9, -1e9, -1e9, 0.0] for x in sure])}


def test_every_answer_is_scored_by_a_detector_that_has_not_seen_it() -> None:
    recorder, asked = Recorder(), set(range(23))
    CalibratedDetector(recorder).fit(POOL, answered(np.arange(23)), progress=False)
    *parts, whole = recorder.seen
    assert whole == asked
    left_out = [asked - part for part in parts]
    assert sorted(index for part in left_out for index in part) == sorted(asked)
    assert len(parts) == 5


def test_what_a_detector_knows_by_heart_is_worth_nothing() -> None:
    # Of what it has not seen it says 0: the offset alone tells the share of the known.
    fitted = CalibratedDetector(Recorder()).fit(POOL, answered(np.arange(200)), progress=False)
    known = (TRUTH[:200] >= 0).mean()
    assert fitted.offset == pytest.approx(np.log(known / (1 - known)), abs=0.02)


def test_skipped_items_are_not_asked_about() -> None:
    recorder, labeled = Recorder(), answered(np.arange(20))
    labeled.add([30, 31], [SKIPPED, SKIPPED])
    CalibratedDetector(recorder).fit(POOL, labeled, progress=False)
    assert all(seen <= set(range(20)) for seen in recorder.seen)


@pytest.mark.parametrize("seed", range(4))
def test_the_slope_and_the_offset_are_the_likeliest_of_a_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, known = 5 * rng.normal(size=30), rng.random(30) < 0.6
    z += 4 * known

    def penalty(log_slope: Any, offset: Any) -> Any:
        shifted = np.exp(log_slope) * z + offset
        loss = np.logaddexp(0, np.where(known, -shifted, shifted)).sum()
        return loss + log_slope**2 / 2 + (offset / 2) ** 2 / 2

    slope, offset = slope_and_offset(torch.tensor(z), torch.tensor(known))
    steps = np.linspace(-0.3, 0.3, 25)
    around = [penalty(np.log(slope) + a, offset + b) for a in steps for b in steps]
    assert penalty(np.log(slope), offset) <= min(around) + 1e-9


@pytest.mark.parametrize("labels", [[0, 1, 2], [UNKNOWN] * 3, []])
def test_before_both_kinds_of_answers_the_log_odds_are_0(labels: list[int]) -> None:
    found = log_odds(CalibratedDetector(), answered(np.arange(len(labels)), labels), ALL[5:9])
    assert found.tolist() == [0.0] * 4


def test_the_ranking_is_that_of_the_detector() -> None:
    labeled, rows = answered(ALL[:80]), ALL[80:]
    detector = EmbeddingDetector().fit(POOL, labeled, seed=0)
    logits = detector.signals(POOL, rows, ("detector_logits",))["detector_logits"]
    raw = logits[:, :-1].logsumexp(dim=1) - logits[:, -1]
    found = log_odds(CalibratedDetector(), labeled, rows)
    assert torch.equal(found.argsort(stable=True), raw.argsort(stable=True))


def log_loss(odds: Tensor, known: np.ndarray) -> float:
    sign = torch.from_numpy(np.where(known, -1.0, 1.0))
    return float(torch.nn.functional.softplus(sign * odds.double()).mean())


def test_it_is_as_sure_as_it_may_be() -> None:
    rng, rows = np.random.default_rng(1), ALL[60:]
    noisy = (Z + 9 * rng.normal(size=Z.shape)).astype("f4")
    pool, labeled = Pool(embeddings=noisy), answered(ALL[:60])
    raw, own = (
        learner.fit(pool, labeled, seed=0).signals(pool, rows, (learner.offers[0],))
        for learner in (EmbeddingDetector(), CalibratedDetector())
    )
    logits = raw["detector_logits"]
    known = TRUTH[rows] >= 0
    sure = log_loss(logits[:, :-1].logsumexp(dim=1) - logits[:, -1], known)
    calibrated = log_loss(own["known_log_odds"], known)
    assert calibrated < 0.65 < 0.7 < sure  # 0.67 is that of the share of known alone


def test_it_pickles() -> None:
    fitted = CalibratedDetector().fit(POOL, answered(ALL[:30]), seed=0)
    again: FittedCalibration = pickle.loads(pickle.dumps(fitted))
    names = ("known_log_odds",)
    assert torch.equal(
        fitted.signals(POOL, ALL, names)[names[0]], again.signals(POOL, ALL, names)[names[0]]
    )


def test_a_detector_must_be_a_learner() -> None:
    with pytest.raises(ArgumentError, match="detector must be a learner"):
        CalibratedDetector(3)  # type: ignore[arg-type]
