"""Detectors of pytorch-ood as purities: fitted on the answers, turned around, in blocks."""

import pickle
import sys
from typing import Any

import numpy as np
import pytest
import torch

from openal import Chain
from openal.errors import ArgumentError, MissingPackageError, ModelError
from openal.informativeness import Entropy
from openal.integrations import PytorchOOD
from openal.selection import Filter, Top
from openal.testing import check_strategy
from openal.testing._world import World, world
from openal.view import Blocks

ood = pytest.importorskip("pytorch_ood.detector", reason="pytorch-ood: pip install openal[ood]")

WORLD = world()


def nearest(k: int = 3) -> Any:
    return ood.KNN(None, k=k)


def asked(score: PytorchOOD, about: World = WORLD, rows: int | None = None) -> Any:
    pool = about.pool.with_engine(Blocks(rows))
    return Chain(Top(score)).query(pool, about.labeled, 6, seed=0, progress=False)


def known_rows(signal: str) -> tuple[torch.Tensor, torch.Tensor]:
    labeled = WORLD.labeled
    rows = torch.from_numpy(WORLD.signals[signal][labeled.known_indices])
    return rows, torch.from_numpy(labeled.known_labels)


def test_what_pytorch_ood_finds_least_out_of_distribution_is_asked_first() -> None:
    query = asked(PytorchOOD("EnergyBased"))
    outlier = ood.EnergyBased(None).predict_logits(torch.from_numpy(WORLD.signals["logits"]))
    open_ = WORLD.labeled.unlabeled_indices
    assert query.indices.tolist() == open_[np.argsort(outlier.numpy()[open_])][:6].tolist()
    assert torch.allclose(query.purity, -outlier[query.indices])


@pytest.mark.parametrize("signal", ["embeddings", "features"])
def test_a_detector_is_fitted_on_the_known_answers(signal: str) -> None:
    query = asked(PytorchOOD("Mahalanobis", signal=signal))
    theirs = ood.Mahalanobis(None).fit_features(*known_rows(signal))
    expected = theirs.predict_features(torch.from_numpy(WORLD.signals[signal]))[query.indices]
    assert torch.allclose(query.purity, -expected, rtol=1e-3)


def test_purity_is_larger_for_the_known() -> None:
    query = asked(PytorchOOD("KNN", {"k": 1}, "embeddings"))
    assert (WORLD.hidden[query.indices] >= 0).all()


def test_a_class_without_answers_does_not_matter() -> None:
    fewer = WORLD.answered({i: label for i, label in WORLD.answers.items() if label != 0})
    assert asked(PytorchOOD("Mahalanobis", signal="embeddings"), fewer).purity.isfinite().all()


def test_names_functions_and_fitted_detectors_agree() -> None:
    named = asked(PytorchOOD("KNN", {"k": 3}, "embeddings"))
    made = asked(PytorchOOD(nearest, {"k": 3}, "embeddings"))
    fitted = PytorchOOD(nearest().fit_features(*known_rows("embeddings")), signal="embeddings")
    assert named.indices.tolist() == made.indices.tolist() == asked(fitted).indices.tolist()
    copy = pickle.loads(pickle.dumps(fitted))
    assert asked(copy).indices.tolist() == named.indices.tolist()


def test_a_fitted_detector_is_not_fitted_again() -> None:
    rows, labels = known_rows("embeddings")
    detector = ood.Mahalanobis(None).fit_features(rows + 1, labels)
    before = detector.mu.clone()
    asked(PytorchOOD(detector, signal="embeddings"))
    assert torch.equal(detector.mu, before)


@pytest.mark.long
@pytest.mark.parametrize("name", ["Mahalanobis", "KNN", "KLMatching"])
def test_equal_rows_score_the_same_in_blocks_of_any_size(name: str) -> None:
    options, signal = ({"k": 3} if name == "KNN" else {}), "embeddings"
    score = PytorchOOD(name, options, "logits" if name == "KLMatching" else signal)
    doubled = world(2, size=90).doubled()
    queries = [asked(score, doubled, rows) for rows in (None, 1, 7)]
    assert len({tuple(query.purity.tolist()) for query in queries}) == 1


def test_before_the_answers_suffice_the_order_is_random_and_says_so() -> None:
    few = WORLD.answered(dict(list(WORLD.answers.items())[:4]))
    score = PytorchOOD("KNN", {"k": 10}, "embeddings", at_least=10)
    queries = [
        Chain(Top(score)).query(few.pool, few.labeled, 6, seed=seed, progress=False)
        for seed in (0, 0, 1)
    ]
    first, same, other = (query.indices.tolist() for query in queries)
    assert first == same != other
    assert queries[0].diagnostics["pytorch_ood"] == "random before 10 known answers"


def test_a_fit_that_fails_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"KNN cannot be fitted on 10 .*k=50.*at_least"):
        asked(PytorchOOD("KNN", signal="embeddings"))


@pytest.mark.parametrize(
    "detector, options, words",
    [
        ("Certainty", {}, "no 'Certainty'.*EnergyBased"),
        ("KNN", {"neighbors": 2}, "options do not make 'KNN'.*'neighbors'"),
        ("ViM", {}, "options do not make 'ViM'.*'w'"),
        ("MCD", {}, "neither logits nor features"),
    ],
)
def test_what_cannot_be_made_is_refused(detector: str, options: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        asked(PytorchOOD(detector, options))


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="detector must be"):
        PytorchOOD(3)
    with pytest.raises(ArgumentError, match="at_least must be at least 1"):
        PytorchOOD("KNN", at_least=0)


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_ood", None)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[ood\]"'):
        asked(PytorchOOD("KNN"))


@pytest.mark.long
@pytest.mark.parametrize(
    "score",
    [
        PytorchOOD("MaxSoftmax"),
        PytorchOOD("KLMatching"),
        PytorchOOD("RMD", signal="embeddings"),
        PytorchOOD(nearest, signal="embeddings", at_least=3),
    ],
    ids=["MaxSoftmax", "KLMatching", "RMD", "nearest"],
)
def test_a_strategy_of_it_passes_the_battery(score: PytorchOOD) -> None:
    check_strategy(Chain(Filter(score, above=-0.5), Top(Entropy())))
