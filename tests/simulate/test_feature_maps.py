"""Maps of the classifiers' features: those that the runs had, of items that are told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal._seeds import derived_seed
from openal.cli import main
from openal.learners import EmbeddingClassifier
from openal.pool import Pool
from openal.simulate import Conditions, LabeledData, _feature_maps, compare_grid
from openal.simulate._feature_maps import keep_feature_map, tsne
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.data import held_out_items
from openal.simulate.loop import Run
from openal.strategies import NEAT, Random

CONDITIONS = Conditions(first=12, rounds=3, budget=5, noise=0.3, task=EmbeddingClassifier(hidden=4))


@pytest.fixture
def runs(blobs: LabeledData) -> dict[str, Run]:
    strategies = {"Random": Random(), "NEAT": NEAT()}
    (compared,) = compare_grid(strategies, blobs, [CONDITIONS], [3], progress=False).values()
    return {name: by_seed[3] for name, by_seed in compared.items()}


@pytest.fixture
def first_two(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The features that are mapped; a map is their first two columns."""
    seen: list[np.ndarray] = []

    def made(features: np.ndarray) -> np.ndarray:
        seen.append(features)
        return features[:, :2]

    monkeypatch.setattr(_feature_maps, "tsne", made)
    return seen


def kept(folder: Path, blobs: LabeledData, runs: dict[str, Run]) -> dict[str, Any]:
    split = CONDITIONS.split(blobs.labels, blobs.names, 3)
    results = ResultsFolder(folder, CONDITIONS.settings())
    path = keep_feature_map(results, 3, runs, blobs, split, CONDITIONS)
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_what_was_chosen_is_on_the_map(
    tmp_path: Path, blobs: LabeledData, runs: dict[str, Run], first_two: list[np.ndarray]
) -> None:
    found = kept(tmp_path, blobs, runs)
    asked = {index for run in runs.values() for at in (0, 2) for index in run.asked[at]}
    assert asked <= set(found["indices"].tolist())
    assert found["names"].tolist() == ["Random", "NEAT"]
    assert (found["rounds"].tolist(), int(found["seed"])) == ([0, 2], 3)
    assert found["xy"].shape == (2, 2, len(found["indices"]), 2)
    assert len(first_two) == 3  # all classifiers are the same before the first query


def test_the_features_are_those_of_the_classifier_that_was_judged(
    tmp_path: Path,
    blobs: LabeledData,
    runs: dict[str, Run],
    first_two: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: list[Any] = []
    seeds: list[int] = []
    fit = EmbeddingClassifier.fit

    def remembered(self: EmbeddingClassifier, pool: Pool, *args: Any, **options: Any) -> Any:
        seeds.append(options["seed"])
        fitted.append(fit(self, pool, *args, **options))
        return fitted[-1]

    monkeypatch.setattr(EmbeddingClassifier, "fit", remembered)
    kept(tmp_path, blobs, runs)
    test = held_out_items(CONDITIONS.split(blobs.labels, blobs.names, 3), blobs, None)
    found = [test.accuracy(model, False) for model in fitted]
    random, neat = runs["Random"].accuracy, runs["NEAT"].accuracy
    assert found == [random[0], random[2], neat[2]]
    assert seeds == [derived_seed(3, 0, at) for at in (0, 2, 2)]  # as in `simulate`


def test_maps_of_the_same_runs_are_not_made_again(
    tmp_path: Path, blobs: LabeledData, runs: dict[str, Run], first_two: list[np.ndarray]
) -> None:
    kept(tmp_path, blobs, runs)
    kept(tmp_path, blobs, runs)
    assert len(first_two) == 3
    kept(tmp_path, blobs, {"Random": runs["Random"]})
    assert len(first_two) == 5
    (tmp_path / "features" / "all.npz").write_bytes(b"broken")
    assert kept(tmp_path, blobs, runs)["names"].tolist() == ["Random", "NEAT"]


def test_a_large_pool_is_drawn_from(
    tmp_path: Path,
    blobs: LabeledData,
    runs: dict[str, Run],
    first_two: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_feature_maps, "MAPPED", 24)
    found = kept(tmp_path, blobs, runs)
    assert len(found["indices"]) == 24
    for run in runs.values():
        for at in (0, 2):
            assert set(run.asked[at][:3]) <= set(found["indices"].tolist())


def test_t_sne_keeps_clouds_apart_and_repeats_itself() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5)) + 20 * np.eye(5)[np.arange(60) % 2]
    found = tsne(features)
    np.testing.assert_array_equal(found, tsne(features))
    centers = np.stack([found[0::2].mean(axis=0), found[1::2].mean(axis=0)])
    nearest = np.linalg.norm(found[:, None] - centers, axis=2).argmin(axis=1)
    assert nearest.tolist() == [0, 1] * 30


@pytest.mark.parametrize("features", [np.ones((9, 3)), np.eye(3), np.ones((0, 3))])
def test_what_has_no_spread_or_is_too_little_lies_in_one_place(features: np.ndarray) -> None:
    assert not tsne(features).any()


@pytest.mark.long
def test_the_command_keeps_a_map_that_the_report_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_feature_maps, "MAPPED", 60)
    given = ["--rounds", "2", "--seeds", "2,", "--strategies", "Random", "--no-bounds", "--tsne"]
    assert main(["simulate", *given, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "features" / "all.npz").exists()
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "What the classifier made of it before round 2</h3>" in page
