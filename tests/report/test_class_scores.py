"""What a page shows of the classification: curves, a column, and a field for each class."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.errors import ArgumentError
from openal.report import report
from openal.report._class_scores import ClassFields, class_fields
from openal.report._figure import write_figure
from openal.report._results import read_results
from openal.simulate._styles import styles_of
from tests.report.test_build import page_of, write_cell, write_items


def classes(*last: float) -> dict[str, Any]:
    """Ten rows of shares, the same of all measures, that end in `last`."""
    rows = [[0.25] * len(last)] * 9 + [list(last)]
    return {"class_precision": rows, "class_recall": rows, "class_f1": rows}


def field_of(folder: Path) -> list[ClassFields]:
    results = read_results(folder)
    styles = styles_of(results.strategies)
    return [*class_fields(results.conditions[0], styles)]


def test_a_class_has_its_mean_over_the_seeds_at_which_it_is_known(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0, run=classes(0.5, 1.0), known=[0, 1])
    write_cell(tmp_path, "NEAT", 1, run=classes(0.75, 0.25), known=[1, 4])
    (figure,) = field_of(tmp_path)
    assert figure.rows() == [
        ["strategy", "class", "precision", "recall", "f1", "seeds"],
        ["NEAT", "class 1", 0.875, 0.875, 0.875, 2],
        ["NEAT", "class 0", 0.5, 0.5, 0.5, 1],
        ["NEAT", "class 4", 0.25, 0.25, 0.25, 1],
    ]


def test_a_class_that_a_strategy_never_knew_has_no_field(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0, run=classes(0.5), known=[0])
    write_cell(tmp_path, "Random", 1, run=classes(0.5), known=[1])
    (figure,) = field_of(tmp_path)
    assert [row[:2] for row in figure.rows()[1:]] == [["Random", "class 1"], ["NEAT", "class 0"]]
    assert figure.html().count('class="field"') == 3 * 2


def test_classes_have_the_names_of_the_data(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0, run=classes(0.5, 1.0), known=[1, 0])
    write_items(tmp_path)
    (figure,) = field_of(tmp_path)
    assert figure.classes == ["cat", '"><b>owl']
    assert "<b>owl" not in figure.html()


def test_many_classes_and_strategies_are_drawn(tmp_path: Path) -> None:
    for number in range(20):
        run = classes(*np.linspace(0, 1, 100).tolist())
        write_cell(tmp_path, f"$S_{{{number}", 0, run=run, known=list(range(100)))
    (figure,) = field_of(tmp_path)
    assert figure.html().count('class="field"') == 3 * 20 * 100
    assert "rotate" not in figure.html()


def test_the_page_has_the_averages_over_classes(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_cell(tmp_path, "NEAT", seed, run=classes(0.5, 0.7 + seed / 5), known=[0, 1])
    page = page_of(tmp_path)
    titles = re.findall(r"<h3>([^<]* of the classification|Classification[^<]*)</h3>", page)
    assert titles == [
        "Precision of the classification",
        "Recall of the classification",
        "F1 of the classification",
        "Classification, class by class",
    ]
    assert '<th scope="col">Macro F1 %</th>' in page
    assert '<b>65.00 <span class="sd">± 7.07</span></b>' in page


def test_runs_that_were_kept_without_are_shown_without(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0, run=classes(0.5), known=[0])
    assert "are left out: some of these runs were kept without" not in page_of(tmp_path)
    write_cell(tmp_path, "Random", 0)
    page = page_of(tmp_path)
    assert "are left out: some of these runs were kept without" in page
    assert "of the classification</h3>" not in page and "Macro F1" not in page


def test_the_fields_are_a_picture_and_a_table(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0, run=classes(0.5, 1.0), known=[0, 1])
    (figure,) = field_of(tmp_path)
    write_figure(tmp_path, "fields", figure)
    assert (tmp_path / "fields.csv").read_text("utf-8-sig").splitlines()[1].startswith("NEAT,")
    with Image.open(tmp_path / "fields.png") as image:
        assert np.asarray(image.convert("L")).std() > 5


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"known": [0]}, "known has 1 classes, class_f1 2"),
        ({"known": [3, 3]}, "known must be distinct class ids"),
        ({"known": [-1, 3]}, "known must be distinct class ids"),
    ],
)
def test_classes_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = write_cell(tmp_path, "NEAT", 0, run=classes(0.5, 1.0), **changes)
    with pytest.raises(ArgumentError, match=re.escape(f"{path} is not a finished run: {words}")):
        report(tmp_path)
