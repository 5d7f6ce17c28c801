"""RayRuns: the files of results of one process, from two workers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.cli import main
from openal.errors import ArgumentError
from openal.integrations.ray import RayRuns
from openal.simulate import Conditions, LabeledData, compare_grid, conditions_at
from openal.simulate._planned_runs import finished_runs
from openal.strategies import NEAT, Random

pytestmark = pytest.mark.long

STRATEGIES = {"Random": Random(), "NEAT": NEAT(k=3)}


def data() -> LabeledData:
    rng, labels = np.random.default_rng(0), np.arange(120) % 4
    return LabeledData(labels, embeddings=np.eye(4)[labels] + 0.3 * rng.normal(size=(120, 4)))


def play(folder: Path, finish: Any, seeds: tuple[int, ...] = (0, 1)) -> None:
    grid = conditions_at(Conditions(4, rounds=2, budget=4), [0.5, 0.75], [None])
    compare_grid(STRATEGIES, data(), grid, seeds, folder=folder, progress=False, finish=finish)


def files(folder: Path) -> dict[str, Any]:
    """What every file holds but the seconds, which alone differ from time to time."""
    read = {path.name: json.loads(path.read_text()) for path in folder.glob("runs/*.json")}
    return {name: {**content, "seconds": None} for name, content in read.items()}


def test_the_files_are_those_of_one_process(tmp_path: Path, ray: Any) -> None:
    play(tmp_path / "here", finished_runs)
    play(tmp_path / "half", finished_runs, seeds=(1,))
    begun = {path: path.stat().st_mtime_ns for path in (tmp_path / "half").glob("runs/*.json")}
    play(tmp_path / "half", RayRuns())
    assert files(tmp_path / "half") == files(tmp_path / "here")
    assert {path: path.stat().st_mtime_ns for path in begun} == begun
    assert not list((tmp_path / "half").glob("runs/.*"))


def test_an_error_in_a_run_is_told_as_it_is(tmp_path: Path, ray: Any) -> None:
    with pytest.raises(ArgumentError, match="At least one strategy"):
        RayRuns()([], {}, data(), None, lambda: None)


def test_the_command_computes_its_runs_there(tmp_path: Path, ray: Any) -> None:
    command = ["simulate", "--strategies", "Random", "--rounds", "1", "--seeds", "1", "--no-bounds"]
    assert main([*command, "--out", f"{tmp_path / 'here'}"]) == 0
    assert main([*command, "--ray", "--out", f"{tmp_path / 'there'}"]) == 0
    assert files(tmp_path / "there") == files(tmp_path / "here") != {}
