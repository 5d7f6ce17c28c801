import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, ModelError
from openal.learners.entropic_detector import EmbeddingEntropicDetector, EntropicDetector
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS = (PIXELS / 16).astype("f4")
LABELS = np.where(DIGITS < 4, DIGITS, UNKNOWN)
ALL = np.arange(len(LABELS))
POOL = Pool(list(PIXELS.reshape(-1, 1, 8, 8) - 0.5), embeddings=PIXELS)


def small(num_outputs: int) -> nn.Module:
    """Batch normalization and a hidden layer, on pixels."""
    hidden = nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 24), nn.ReLU()
    return nn.Sequential(*hidden, nn.Linear(24, num_outputs))


ON_ITEMS = EntropicDetector(small, epochs=15, lr=0.05, augment=None)
ON_EMBEDDINGS = EmbeddingEntropicDetector(hidden=32, steps=100, lr=0.03)
BOTH = pytest.mark.parametrize("learner", [ON_ITEMS, ON_EMBEDDINGS], ids=["items", "embeddings"])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads would only wait for each other in so small a network."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answered(indices: np.ndarray, classes: int = 4) -> LabeledSet:
    labeled = LabeledSet(len(ALL), classes)
    labeled.add(indices, LABELS[indices])
    return labeled


def signals_of(
    learner: Any, labeled: LabeledSet, indices: np.ndarray = ALL, seed: int = 0
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = learner.fit(POOL, labeled, seed=seed, progress=False).signals(
        POOL, indices, learner.offers, progress=False
    )
    return found


@pytest.mark.long
@BOTH
def test_tells_known_from_unknown(learner: Any) -> None:
    logits = signals_of(learner, answered(ALL[:300]))["detector_logits"]
    right = logits.argmax(dim=1).numpy() == np.where(LABELS < 0, 4, LABELS)
    assert right[300:].mean() > 0.85


@pytest.mark.long
@BOTH
def test_heads_say_yes_to_their_class_and_doubt_the_unknown(learner: Any) -> None:
    heads = signals_of(learner, answered(ALL[:300]))["head_logits"][300:]
    assert heads.shape == (len(ALL) - 300, 2, 4)
    yes, labels = heads.softmax(dim=1)[:, 1], LABELS[300:]
    assert (yes.argmax(dim=1).numpy() == labels)[labels >= 0].mean() > 0.85
    doubt = (yes - 0.5).abs().mean(dim=1).numpy()
    assert doubt[labels < 0].mean() < 0.5 * doubt[labels >= 0].mean()


def test_the_heads_stand_on_the_features() -> None:
    fitted = ON_ITEMS.fit(POOL, answered(ALL[:50]), progress=False)
    found = fitted.signals(POOL, ALL[:20], fitted.offers, progress=False)
    weight = fitted.network.heads.weight.detach()
    expected = (found["detector_features"] @ weight.T).reshape(20, 2, 4)
    torch.testing.assert_close(found["head_logits"], expected)


def compactness(reg_w: float) -> float:
    learner = EmbeddingEntropicDetector(hidden=32, reg_w=reg_w, n_unknown_clusters=1)
    z = signals_of(learner, answered(ALL[:200]))["detector_features"][:200]
    unknown = z[torch.from_numpy(LABELS[:200] < 0)]
    return float((unknown - unknown.mean(dim=0)).norm(dim=1).mean() / z.norm(dim=1).mean())


@pytest.mark.long
def test_the_regularizer_gathers_the_unknown() -> None:
    assert compactness(30.0) < 0.8 * compactness(0.0)


@pytest.mark.long
@walked
@BOTH
@pytest.mark.parametrize("indices", [ALL[:0], ALL[:1], ALL[4:6], ALL[:33]], ids=len)
def test_any_number_of_answers_is_enough(learner: Any, indices: np.ndarray) -> None:
    found = signals_of(learner, answered(indices), ALL[:40])
    assert all(each.isfinite().all() for each in found.values())


@pytest.mark.long
@BOTH
@pytest.mark.parametrize("kind", ["only known", "only unknown", "one class"])
def test_any_kind_of_answers_is_enough(learner: Any, kind: str) -> None:
    of = {"only known": LABELS >= 0, "only unknown": LABELS < 0, "one class": LABELS == 2}
    found = signals_of(learner, answered(np.flatnonzero(of[kind])[:30]), ALL[:40])
    assert all(each.isfinite().all() for each in found.values())


@pytest.mark.long
@BOTH
def test_one_known_class_is_enough(learner: Any) -> None:
    labeled = LabeledSet(len(ALL), 1)
    labeled.add(ALL[:40], np.where(DIGITS[:40] == 0, 0, UNKNOWN))
    assert signals_of(learner, labeled, ALL[:9])["head_logits"].shape == (9, 2, 1)


@pytest.mark.long
@BOTH
def test_same_seed_gives_the_same_signals(learner: Any) -> None:
    first = signals_of(learner, answered(ALL[:60]))
    torch.rand(7)
    again = signals_of(learner, answered(ALL[:60]))
    other = signals_of(learner, answered(ALL[:60]), seed=1)
    assert all(first[name].equal(again[name]) for name in first)
    assert not any(first[name].equal(other[name]) for name in first)


@pytest.mark.long
@BOTH
def test_fitted_learners_pickle(learner: Any) -> None:
    fitted = learner.fit(POOL, answered(ALL[:20]), progress=False)
    copy = pickle.loads(pickle.dumps(fitted))
    names = ("head_logits",)
    expected = fitted.signals(POOL, ALL[:5], names, progress=False)["head_logits"]
    assert copy.signals(POOL, ALL[:5], names, progress=False)["head_logits"].equal(expected)


@pytest.mark.long
@BOTH
def test_no_items_have_empty_signals(learner: Any) -> None:
    found = signals_of(learner, answered(ALL[:20]), ALL[:0])
    assert found["head_logits"].shape == (0, 2, 4)


@pytest.mark.long
def test_without_hidden_units_features_are_the_embeddings_standardized() -> None:
    learner = EmbeddingEntropicDetector(hidden=None)
    z = signals_of(learner, answered(ALL[:100]))["detector_features"][:100]
    assert z.shape == (100, 64)
    assert z.mean(dim=0).abs().max() < 1e-5
    assert z.square().mean().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.long
def test_scale_of_the_embeddings_does_not_matter() -> None:
    pool = Pool(embeddings=1e6 * PIXELS)
    found = ON_EMBEDDINGS.fit(pool, answered(ALL[:60]), progress=False)
    logits = found.signals(pool, ALL[:50], ("detector_logits",))["detector_logits"]
    expected = signals_of(ON_EMBEDDINGS, answered(ALL[:60]), ALL[:50])["detector_logits"]
    torch.testing.assert_close(logits, expected, atol=1e-2, rtol=1e-2)


@pytest.mark.long
def test_equal_items_have_equal_signals() -> None:
    pool = Pool(embeddings=np.concatenate([PIXELS[:61], np.repeat(PIXELS[:1], 500, axis=0)]))
    labeled = LabeledSet(len(pool), 4)
    labeled.add(ALL[:60], LABELS[:60])
    fitted = ON_EMBEDDINGS.fit(pool, labeled, progress=False)
    found = fitted.signals(pool, np.arange(61, 561), fitted.offers)
    assert all((each == each[0]).all() for each in found.values())


class Bare(nn.Module):
    """A network without a linear layer."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(64, num_outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight


def test_a_network_without_features_is_refused() -> None:
    with pytest.raises(ModelError, match="binary heads stand on its features"):
        EntropicDetector(Bare, epochs=1).fit(POOL, answered(ALL[:9]), progress=False)


@walked
@pytest.mark.parametrize(
    "options, words",
    [
        ({"alpha": 1.5}, "alpha"),
        ({"alpha": -0.1}, "alpha"),
        ({"reg_w": -1}, "reg_w"),
        ({"temperature": 0}, "temperature"),
        ({"n_unknown_clusters": 0}, "n_unknown_clusters"),
        ({"recluster_every": 0}, "recluster_every"),
        ({"batch_size": 0}, "batch_size"),
        ({"lr": 0}, "lr"),
    ],
)
@pytest.mark.parametrize("kind", [EntropicDetector, EmbeddingEntropicDetector])
def test_wrong_options_are_refused(kind: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        kind(**options)
