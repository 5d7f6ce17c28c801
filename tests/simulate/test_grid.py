"""A grid that is killed, shared, taken up again, and refused where it cannot be."""

import json
import multiprocessing
import os
import random
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from openal.errors import ArgumentError
from openal.learners import Classifier, EmbeddingDetector
from openal.simulate import Conditions, LabeledData, compare_grid, conditions_at
from openal.strategies import JSOSAL, LfOSA, Random
from tests.forking import forked, needs_fork
from tests.simulate.grid_process import DATA, PROBLEMS, SEEDS, play, work

KILLS = 20 if os.getenv("OPENAL_SLOW") else 3
RUNS = len(PROBLEMS) * len(SEEDS) * 2


@pytest.fixture(scope="module")
def whole() -> Any:
    return numbers(play(None))


def numbers(grid: Any) -> Any:
    """All runs without their seconds."""
    return {
        (ratios, name, seed): replace(run, seconds=())
        for ratios, runs in grid.items()
        for name, by_seed in runs.items()
        for seed, run in by_seed.items()
    }


def started(folder: Path, seconds: float) -> tuple[Any, Any]:
    """A process that works on the grid in `folder` from `begin` on, and the pipe to it."""
    here, there = multiprocessing.Pipe()
    return forked(work, folder, seconds, there), here


def begin(pipe: Any) -> None:
    assert pipe.recv() == "ready"
    pipe.send("go")


@needs_fork
@pytest.mark.long
def test_killed_at_random_it_ends_with_the_same_numbers(tmp_path: Path, whole: Any) -> None:
    folder, moments = tmp_path / "grid", random.Random(0)
    killed = 0
    for _ in range(KILLS):
        process, pipe = started(folder, 0.02)
        begin(pipe)
        time.sleep(moments.uniform(0.05, 0.6))
        killed += process.is_alive()
        process.kill()
        process.join()
    assert killed
    assert numbers(play(folder)) == whole
    names = os.listdir(folder / "runs")
    assert len(names) == RUNS, names
    assert all(name.endswith(".json") for name in names)


@pytest.mark.parametrize("left", [".lock", ".1-ab.part"])
def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path, left: str) -> None:
    def play() -> None:
        grid = [Conditions(12, rounds=1, budget=5)]
        compare_grid({"R": Random()}, DATA, grid, [0], folder=tmp_path)

    play()
    [run] = (tmp_path / "runs").iterdir()
    run.with_name(f".{run.name}{left}").touch()
    if left != ".lock":  # it was killed before the run was whole
        run.unlink()
    play()
    assert [*(tmp_path / "runs").iterdir()] == [run]


@needs_fork
@pytest.mark.long
def test_two_processes_share_it_and_compute_each_run_once(tmp_path: Path, whole: Any) -> None:
    processes = [started(tmp_path / "grid", 0.1) for _ in range(2)]
    for _, pipe in processes:
        begin(pipe)
    for process, _ in processes:
        process.join()
        assert process.exitcode == 0
    lines = [line.split(" ", 1) for line in (tmp_path / "grid.log").read_text().splitlines()]
    assert len(lines) == len({run for _, run in lines}) == RUNS
    assert len({process for process, _ in lines}) == 2
    assert numbers(play(tmp_path / "grid")) == whole


@pytest.mark.long
def test_what_is_there_is_not_computed_again(tmp_path: Path, whole: Any) -> None:
    folder, log = tmp_path / "grid", tmp_path / "log"
    play(folder)
    missing = folder / "runs" / "N-mismatch0.6-ood0.2-seed1.json"
    missing.unlink()
    assert numbers(play(folder, log)) == whole
    assert len(log.read_text().splitlines()) == 1
    assert missing.exists()


@pytest.mark.long
def test_a_file_of_the_grid_says_what_it_is(tmp_path: Path) -> None:
    play(tmp_path)
    cell = json.loads((tmp_path / "runs" / "R-mismatch0.6-ood0.4-seed1.json").read_text())
    settings = cell["settings"]
    assert (cell["name"], cell["seed"], cell["strategy"]) == ("R", 1, "Random()")
    assert (settings["mismatch"], settings["ood_ratio"]) == (0.6, 0.4)
    assert sorted(cell["known"]) == sorted(PROBLEMS[3].split(*BLOBS, seed=1).known)


BLOBS: Any = ([k % 5 for k in range(300)], "01234")


def test_a_ratio_that_cannot_be_had_is_refused_by_name(blobs: LabeledData, tmp_path: Path) -> None:
    grid = conditions_at(Conditions(12, rounds=1, budget=5), [0.4, 0.6], [0.2, 0.6])
    message = r"mismatch 0.6, ood_ratio 0.6, seed 3: ood_ratio 0.6 needs"
    with pytest.raises(ArgumentError, match=message):
        compare_grid({"Random": Random()}, blobs, grid, [3], folder=tmp_path / "grid")
    assert not (tmp_path / "grid").exists()


def test_other_settings_are_refused_and_more_ratios_are_not(
    blobs: LabeledData, tmp_path: Path
) -> None:
    def play(budget: int, *ratios: float, **more: Any) -> Any:
        grid = conditions_at(Conditions(12, rounds=1, budget=budget), [0.4], ratios)
        return compare_grid({"Random": Random()}, blobs, grid, [0], folder=tmp_path, **more)

    play(5, 0.2, settings={"data": "blobs"})
    assert len(play(5, 0.2, 0.3, settings={"data": "blobs"})) == 2
    for budget, data in ((6, "blobs"), (5, "others")):
        with pytest.raises(ArgumentError, match="other settings"):
            play(budget, 0.3, settings={"data": data})


def test_a_problem_keeps_its_first_answers(blobs: LabeledData, tmp_path: Path) -> None:
    def play(first: int, *ratios: float, strategy: str = "R", **more: Any) -> Any:
        grid = conditions_at(Conditions(first, rounds=1, budget=5, **more), [0.4], ratios)
        return compare_grid({strategy: Random()}, blobs, grid, [0], folder=tmp_path)

    play(12, 0.2)
    assert play(14, 0.3)[0.4, 0.3]["R"][0].asked  # another problem may have others
    for first, more in ((14, {}), (12, {"known": (3, 4)})):
        with pytest.raises(ArgumentError, match=r"(first|known) was"):
            play(first, 0.4, 0.2, strategy="another", **more)
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_the_same_ratios_twice(blobs: LabeledData) -> None:
    with pytest.raises(ArgumentError, match="differ"):
        compare_grid({"Random": Random()}, blobs, [PROBLEMS[0]] * 2, [0])


def test_nothing_to_compare(blobs: LabeledData) -> None:
    for strategies, seeds in (({}, [0]), ({"Random": Random()}, [])):
        with pytest.raises(ArgumentError, match="At least one"):
            compare_grid(strategies, blobs, PROBLEMS, seeds)


def network() -> Any:
    """A factory that is a function, at another address every time."""

    def made(outputs: int) -> Any:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, outputs))

    return made


def test_a_folder_goes_on_where_the_factory_is_a_function(tmp_path: Path) -> None:
    images = LabeledData([0, 1, 2] * 10, list(torch.rand(30, 3, 2, 2)))

    def play(seeds: int, epochs: int = 1) -> Any:
        task = Classifier(network(), epochs=epochs, augment=None, device="cpu")
        grid = [Conditions(4, mismatch=0.7, rounds=1, budget=2, task=task)]
        return compare_grid({"R": Random()}, images, grid, range(seeds), folder=tmp_path)

    play(1)
    assert len(play(2)[0.7, None]["R"]) == 2
    with pytest.raises(ArgumentError, match="other settings"):
        play(2, epochs=2)


def test_a_test_set_that_cannot_be_read_is_refused_first(blobs: LabeledData) -> None:
    images = LabeledData([0, 1, 2, 3, 4], list(torch.rand(5, 3, 2, 2)))
    with pytest.raises(ArgumentError, match="test offers 'items'"):
        compare_grid({"R": Random()}, blobs, [Conditions(12)], [0], test=images)


def test_a_detector_in_the_data_that_several_strategies_would_train_otherwise(
    blobs: LabeledData,
) -> None:
    points = blobs.pool(range(300)).take("embeddings", range(300)).numpy()
    data = LabeledData(blobs.labels, embeddings=points, detector_logits=EmbeddingDetector())
    grid = [Conditions(12, rounds=1, budget=2)]
    with pytest.warns(UserWarning, match=r"'detector_logits' by Emb.* LfOSA, JSOSAL would train"):
        compare_grid({"LfOSA": LfOSA(), "JSOSAL": JSOSAL()}, data, grid, [0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_grid({"LfOSA": LfOSA(), "Random": Random()}, data, grid, [0])
