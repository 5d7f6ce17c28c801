"""Query strategies of scikit-activeml as scores: the utilities that they give themselves."""

import sys
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from openal import Chain
from openal.errors import ArgumentError, MissingPackageError, ScoreError
from openal.integrations import PytorchOOD, SkActiveML
from openal.purity import KnownNeighbors
from openal.selection import Filter, Top
from openal.testing import check_strategy
from openal.testing._world import World, world

skactiveml = pytest.importorskip(
    "skactiveml.classifier", reason="scikit-activeml: pip install openal[skactiveml]"
)

WORLD = world()


def forest() -> Any:
    return RandomForestClassifier(n_estimators=10)


def parzen() -> Any:
    return skactiveml.ParzenWindowClassifier()


def asked(score: SkActiveML, about: World = WORLD) -> Any:
    return Chain(Top(score)).query(about.pool, about.labeled, 6, seed=0, progress=False)


def test_the_utilities_are_those_of_the_classifier_on_the_known_answers() -> None:
    query = asked(SkActiveML("UncertaintySampling"))
    z, labeled = WORLD.signals["embeddings"].astype(np.float64), WORLD.labeled
    model = LogisticRegression(max_iter=1000).fit(z[labeled.known_indices], labeled.known_labels)
    doubt = 1 - model.predict_proba(z).max(axis=1)
    open_ = labeled.unlabeled_indices
    assert query.indices.tolist() == open_[np.argsort(-doubt[open_])][:6].tolist()
    expected = torch.from_numpy(doubt[query.indices]).float()
    assert torch.allclose(query.informativeness, expected, atol=1e-6)


def test_options_reach_the_strategy() -> None:
    entropy = asked(SkActiveML("UncertaintySampling", {"method": "entropy"}))
    assert not torch.allclose(entropy.scores, asked(SkActiveML("UncertaintySampling")).scores)


@pytest.mark.parametrize(
    "strategy, classifier", [("QueryByCommittee", forest), ("ProbabilisticAL", parzen)]
)
def test_a_classifier_of_your_own(strategy: str, classifier: Any) -> None:
    score = SkActiveML(strategy, classifier=classifier)
    first, again = asked(score), asked(score)
    assert first.scores.tolist() == again.scores.tolist()
    assert first.scores.std() > 0


def test_one_class_alone_tells_nothing_and_says_so() -> None:
    one = WORLD.answered({i: label for i, label in WORLD.answers.items() if label == 1})
    query = asked(SkActiveML("UncertaintySampling"), one)
    assert query.scores.tolist() == [0] * 6
    assert query.diagnostics["scikit_activeml"] == "all alike before answers of two classes"


def test_one_that_scores_only_some_candidates_stops() -> None:
    with pytest.raises(ScoreError, match=r"TypiClust.*finite"):
        asked(SkActiveML("TypiClust"))


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"no 'Entropy'.*UncertaintySampling"):
        asked(SkActiveML("Entropy"))
    with pytest.raises(ArgumentError, match="for regression"):
        asked(SkActiveML("GreedySamplingTarget"))
    with pytest.raises(ArgumentError, match="strategy must be"):
        SkActiveML(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="classifier must be"):
        SkActiveML("Badge", classifier="svm")  # type: ignore[arg-type]


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skactiveml", None)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[skactiveml\]"'):
        asked(SkActiveML("Badge"))


@pytest.mark.long
@pytest.mark.parametrize(
    "score",
    [
        SkActiveML("UncertaintySampling", {"method": "margin_sampling"}),
        SkActiveML("CoreSet"),
        SkActiveML("QueryByCommittee", classifier=forest),
    ],
    ids=["uncertainty", "core set", "committee"],
)
def test_a_strategy_of_it_passes_the_battery(score: SkActiveML) -> None:
    check_strategy(Chain(Filter(KnownNeighbors(5), above=0.5), Top(score)))


@pytest.mark.long
def test_two_tools_in_one_chain() -> None:
    pytest.importorskip("pytorch_ood", reason="pytorch-ood: pip install openal[ood]")
    purity = PytorchOOD("Mahalanobis", signal="embeddings")
    check_strategy(Chain(Top(purity, factor=3), Top(SkActiveML("UncertaintySampling"))))
