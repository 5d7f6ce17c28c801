"""Damaged results of a simulation are refused, or still are results."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from openal.report import report
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.loop import OF_CLASSES, Run
from tests.fuzz.harness import Loader
from tests.fuzz.structured import any_bytes, in_json, in_npy, in_zip, weighted

RUN = Run(
    asked=((3, 1), (2, 7)),
    accuracy=(0.5, 0.75, 0.8),
    precision=(0.5, 1.0),
    recall=(0.1, 0.3),
    recall_with_init=(0.2, 0.4),
    wasted=(1, 1),
    seconds=(0.01, 0.02),
    class_precision=((0.5, 0.0), (0.5, 0.75), (1.0, 0.5)),
    class_recall=((0.5, 0.0), (0.5, 0.75), (1.0, 0.5)),
    class_f1=((0.5, 0.0), (0.5, 0.75), (1.0, 0.5)),
)
SETTINGS = {"data": "digits", "mismatch": 0.4, "ood_ratio": 0.6, "rounds": 2, "task": "logistic"}
ORIGIN = {
    "settings": SETTINGS,
    "command": ["openal", "simulate"],
    "versions": {"numpy": "2"},
    "notes": ["one"],
}
JSON = weighted(in_json, in_json)
NAMES = ["Random", "NEAT"]


def write(folder: Path) -> None:
    results = ResultsFolder(folder, SETTINGS)
    for name in NAMES:
        for seed in (0, 1):
            results.save(name, seed, f"{name}()", RUN, known=[0, 1])
    (folder / "simulation.json").write_text(json.dumps(ORIGIN))
    items = {"labels": np.arange(9) % 2, "names": np.array(["cat", "owl"])}
    images = {"thumbnails": np.zeros((9, 32, 32, 3), np.uint8), "thumbnail_indices": np.arange(9)}
    np.savez(folder / "data.npz", xy=np.eye(9, 2, dtype=np.float32), **items, **images)


def loaded(folder: Path) -> list[Run | None]:
    results = ResultsFolder(folder, SETTINGS)
    results.check()
    return [results.load(name, seed, f"{name}()") for name in NAMES for seed in (0, 1)]


def are_runs(_: Any, found: list[Run | None]) -> bool:
    """Each is missing, or has a number for every round: it is compared with, and shown."""
    return all(run is None or is_run(run) for run in found)


def is_run(run: Run) -> bool:
    columns = asdict(run)
    tables = [columns.pop(name) for name in OF_CLASSES]
    shapes = {tuple(map(len, table)) for table in tables}
    if len(shapes) > 1 or not all(map(are_shares, tables)):
        return False
    rounds = {name: len(values) - (name == "accuracy") for name, values in columns.items()}
    numbers = [value for name in columns if name != "asked" for value in columns[name]]
    items = [index for query in run.asked for index in query]
    return (
        {*rounds.values()} == {len(run.asked)}
        and all(type(value) in (int, float) and 0 <= value < float("inf") for value in numbers)
        and all(type(index) is int and index >= 0 for index in items)
    )


def are_shares(table: tuple[tuple[float, ...], ...]) -> bool:
    return all(type(value) in (int, float) and 0 <= value <= 1 for row in table for value in row)


def page(folder: Path) -> str:
    return report(folder).html("report_files")


def is_page(whole: str, found: str) -> bool:
    """It runs no other script, reads no other file and is text."""
    reads = [found.count(word) <= whole.count(word) for word in ("<script", "<iframe", "<object")]
    return all(reads) and "src=" not in found.replace("data-src=", "") and bool(found.encode())


def test_runs_that_are_not_computed_again(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    write(folder)
    fuzzed(Loader(loaded, {".json": JSON}, are_runs))


def test_the_page_of_damaged_runs(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    write(folder)
    fuzzed(Loader(page, {".json": JSON}, is_page))


def test_the_page_of_damaged_items(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    write(folder)
    fuzzed(Loader(page, {"data.npz": weighted(in_zip(any_bytes), in_zip(in_npy))}, is_page))
