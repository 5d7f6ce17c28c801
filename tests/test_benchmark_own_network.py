"""The benchmark of a network of one's own, at toy size: one command, whose results go on."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.own_network.__main__ import arguments, main, runs_of
from benchmarks.own_network.data import DATA, Images, smaller
from benchmarks.own_network.plan import PLANS, Plan, ResNet9, compared, task_network
from benchmarks.own_network.tables import rarest, relabeled, summary
from openal.simulate import LabeledData
from openal.simulate.datasets._folders import TensorImages
from openal.simulate.grid import GridRuns
from openal.simulate.loop import Run

TOY = Plan(first=8, budget=6, rounds=1, ood_ratio=(0.6,), epochs=1, steps=1)
GPU = ["cifar10-jpeg", "--task", "resnet9", "--minutes", "9"]  # the command for a GPU


def toy(side: int) -> Images:
    """Ten images of each of ten classes to learn, and two to test with."""
    random = np.random.default_rng(0)

    def part(count: int) -> LabeledData:
        labels = np.tile(np.arange(10), count)
        pixels = random.integers(0, 256, (len(labels), side, side, 3), np.uint8)
        vectors = (np.eye(10)[labels] + random.normal(size=(len(labels), 10)) / 9).astype("f4")
        return LabeledData(labels, TensorImages(pixels), names="0123456789", embeddings=vectors)

    return Images(part(10), part(2), (0.5,) * 3, (0.3,) * 3)


@pytest.mark.long
@pytest.mark.parametrize("task", ["resnet9", "tuned"])
def test_the_command_at_toy_size(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(DATA, GPU[0], toy)
    narrow = partial(ResNet9, width=2)
    monkeypatch.setattr("benchmarks.own_network.plan.ResNet9", narrow)
    out = ["--out", str(tmp_path / "runs"), "--results", str(tmp_path)]
    methods = ["Random", "perfect purity", "perfect purity, margin", "NEAT"]
    given = [GPU[0], "--task", task, *GPU[3:], "--seeds", "2", *out, "--strategies", *methods]
    main(given, TOY)
    shown = capsys.readouterr().out
    assert "60% unknown, 2 seeds." in shown and "| NEAT |" in shown
    written = json.loads((tmp_path / f"own_network-{GPU[0]}-32-{task}.json").read_text())
    assert [*written["0.6"]["Random"]] == ["0", "1"]
    assert len(list((tmp_path / "runs" / "runs").glob("*.json"))) == 8


def test_every_task_has_ten_methods_and_both_bounds() -> None:
    images = toy(16)
    for task in ("cnn", "resnet9"):
        assert len(compared(task_network(task, images, 16, TOY))) == 11
    assert len(compared(task_network("linear", images, 16, TOY))) == 10


@pytest.mark.long
def test_no_seed_is_begun_once_the_time_is_over() -> None:
    given = ["cifar10", "--task", "linear", "--minutes", "1e-9", "--strategies", "Random"]
    runs = runs_of(arguments(given), toy(16), TOY)
    assert [*runs[0.4, 0.6]["Random"]] == [0]


def test_images_become_means_of_squares() -> None:
    pixels = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert smaller(pixels, 2)[0, 0, 0].tolist() == [8, 8, 10]  # mean of 0, 3, 12, 15 is 7.5
    assert smaller(pixels, 4) is pixels


def test_the_rarest_class_is_one_of_the_known() -> None:
    labels = np.arange(10)
    known = relabeled(labels, 0.4, seed=0)
    assert np.flatnonzero(known >= 0).tolist() == [2, 4, 8, 9]
    run = Run(((2, 4, 8, 9, 2), (0, 1, 2, 2, 2)), (0.0,) * 3, *[(0.0,) * 2] * 4, (0.0,) * 2)  # type: ignore[arg-type]
    assert rarest(run, known) == 1 / 8


def test_a_table_says_where_there_is_nothing_to_decide() -> None:
    flat = Run(((0,),), (0.5, 0.5), (1.0,), (1.0,), (1.0,), (0,), (0.0,))
    for gain, decided in ((0.01, False), (0.03, True)):
        better = replace(flat, accuracy=(0.5 + gain, 0.5 + gain))
        runs = {(0.4, 0.6): {"Random": {0: flat}, "perfect purity": {0: better}}}
        text = summary(runs, np.arange(10), PLANS["cifar10"], "toy")
        assert ("decides nothing" in text) != decided
        assert f"+{100 * gain:.1f} | 1 of 1" in text


def test_any_method_can_be_the_one_to_pair_with() -> None:
    run = Run(((0,),), (0.5, 0.5), (1.0,), (1.0,), (1.0,), (0,), (0.0,))
    better = replace(run, accuracy=(0.6, 0.6))
    runs: GridRuns = {(0.4, 0.6): {"Random": {0: run}, "KnownKMeans": {0: better}}}
    text = summary(runs, np.arange(10), PLANS["cifar10"], "toy", "KnownKMeans")
    assert "- KnownKMeans" in text and "| Random | 50.0 | -10.0 | 0 of 1 |" in text


@pytest.mark.long
def test_what_was_tried_beside_the_default_runs_by_name() -> None:
    given = ["cifar10", "--task", "linear", "--seeds", "1", "--strategies"]
    runs = runs_of(arguments([*given, "KnownKMeans, two clusters"]), toy(16), TOY)
    assert [*runs[0.4, 0.6]] == ["KnownKMeans, two clusters"]
