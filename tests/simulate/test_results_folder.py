"""A simulation that was killed goes on, and ends with the numbers it would have had."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openal.cli import main
from openal.errors import ArgumentError
from openal.simulate import Conditions, LabeledData, compare_grid
from openal.simulate._results_folder import RESULTS, ResultsFolder, write_json
from openal.simulate.loop import Run, Runs
from openal.strategies import NEAT, Random
from tests.forking import forked, needs_fork

CONDITIONS = Conditions(first=12, rounds=2, budget=5)
ARGUMENTS = ["simulate", "--seeds", "2", "--rounds", "4", "--strategies", "Random", "LfOSA"]
RUN = Run(((3, 1),), (0.5, 0.75), (0.5,), (0.1,), (0.2,), (1,), (0.01,))


def test_a_finished_run_is_read_back(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, {"budget": 20})
    folder.save("a/b", 3, "Random()", RUN)
    assert folder.load("a/b", 3, "Random()") == RUN
    assert folder.load("a/b", 4, "Random()") is None


CLASSES = ((0.5, 1.0), (0.25, 0.75))


def test_what_was_measured_of_each_class_is_read_back(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, {})
    run = replace(RUN, class_precision=CLASSES, class_recall=CLASSES, class_f1=CLASSES)
    folder.save("Random", 0, "Random()", run)
    assert folder.load("Random", 0, "Random()") == run


def test_a_run_from_before_classes_were_measured_is_read(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, {})
    folder.save("Random", 0, "Random()", RUN)
    (path,) = (tmp_path / "runs").iterdir()
    content = json.loads(path.read_text())
    for column in ("class_precision", "class_recall", "class_f1"):
        del content["run"][column]
    path.write_text(json.dumps(content))
    assert folder.load("Random", 0, "Random()") == RUN


@pytest.mark.parametrize(
    "column, rows, words",
    [
        ("class_f1", CLASSES[:1], "class_f1 must have 2 rows"),
        ("class_f1", ((0.5,), (0.5, 0.5)), "class_f1 must have 2 rows of as many"),
        ("class_f1", ((), ()), "class_f1 must have 2 rows of as many"),
        ("class_f1", ((0.5, 1.5), (0.5, 0.5)), "class_f1 must be at most 1"),
        ("class_recall", (), "must hold as many classes in each round"),
        ("class_recall", ((0.5,), (0.5,)), "must hold as many classes in each round"),
    ],
)
def test_damaged_values_of_classes_are_refused(
    tmp_path: Path, column: str, rows: Any, words: str
) -> None:
    folder = ResultsFolder(tmp_path, {})
    run = replace(RUN, class_precision=CLASSES, class_recall=CLASSES, class_f1=CLASSES)
    folder.save("Random", 0, "Random()", replace(run, **{column: rows}))
    with pytest.raises(ArgumentError, match=words):
        folder.load("Random", 0, "Random()")


def compared(strategies: dict[str, Any], data: LabeledData, folder: Path) -> Runs:
    (runs,) = compare_grid(strategies, data, [CONDITIONS], [0, 1], folder=folder).values()
    return runs


def test_finished_runs_are_not_computed_again(tmp_path: Path, blobs: LabeledData) -> None:
    runs = compared({"NEAT": NEAT()}, blobs, tmp_path)
    files = sorted((tmp_path / "runs").iterdir())
    files[0].unlink()
    written = files[1].stat().st_mtime_ns
    again = compared({"NEAT": NEAT(), "Random": Random()}, blobs, tmp_path)
    assert again["NEAT"][0].asked == runs["NEAT"][0].asked
    assert again["NEAT"][1] == runs["NEAT"][1]
    assert files[1].stat().st_mtime_ns == written


def test_other_settings_are_refused(tmp_path: Path) -> None:
    ResultsFolder(tmp_path, {"budget": 20}).save("Random", 0, "Random()", RUN)
    other = ResultsFolder(tmp_path, {"budget": 30})
    for refused in (other.check, lambda: other.load("Random", 0, "Random()")):
        with pytest.raises(ArgumentError, match="budget was 20, now it is 30"):
            refused()


def test_a_strategy_with_other_arguments_is_refused(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, {})
    folder.save("NEAT", 0, "NEAT(k=10)", RUN)
    with pytest.raises(ArgumentError, match="NEAT"):
        folder.load("NEAT", 0, "NEAT(k=5)")


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"settings": 3}', "[" * 100000])
def test_a_file_of_somebody_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / RESULTS).write_text(content)
    with pytest.raises(ArgumentError, match=RESULTS):
        ResultsFolder(tmp_path, {}).check()


@pytest.mark.parametrize("damage", ["run", "seconds"])
def test_a_damaged_run_is_refused(tmp_path: Path, damage: str) -> None:
    folder = ResultsFolder(tmp_path, {})
    folder.save("Random", 0, "Random()", RUN)
    path = next((tmp_path / "runs").iterdir())
    content = json.loads(path.read_text())
    del content[damage]
    path.write_text(json.dumps(content))
    with pytest.raises(ArgumentError, match="damaged"):
        folder.load("Random", 0, "Random()")


@pytest.mark.parametrize("value", [{"a": [1, 2], "b": ["[", "]\n1"], "c": [[], [0.5]], "d": {}}])
def test_json_is_what_was_written(tmp_path: Path, value: Any) -> None:
    write_json(tmp_path / "a" / "b.json", value)
    assert json.loads((tmp_path / "a" / "b.json").read_text()) == value
    assert os.listdir(tmp_path / "a") == ["b.json"]


@needs_fork
@pytest.mark.long
def test_killed_in_the_middle_it_ends_with_the_same_numbers(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = forked(main, [*ARGUMENTS, "--out", str(broken)])
    while not list(broken.glob("runs/LfOSA*")):  # killed while the second seed runs
        assert process.is_alive()
        time.sleep(0.005)
    process.kill()
    process.join()
    assert not (broken / RESULTS).exists()
    for folder in (whole, broken):
        assert main([*ARGUMENTS, "--out", str(folder)]) == 0
    assert (broken / RESULTS).read_bytes() == (whole / RESULTS).read_bytes()


@pytest.mark.long
def test_the_results_say_how_they_were_made(tmp_path: Path) -> None:
    assert main([*ARGUMENTS, "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / RESULTS).read_bytes())
    assert found["command"] == ["openal", *ARGUMENTS]
    assert {"openal", "torch", "numpy"} <= found["versions"].keys()
    assert "cores" in found["hardware"]
