"""What the answers of all conditions were spent on."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from openal.report import report
from openal.report._costs import Cost
from tests.report.test_build import write_cell


def test_answers_are_counted_by_condition(tmp_path: Path) -> None:
    for ratio, wasted in ((0.4, 3), (0.6, 9)):
        for seed in (0, 1):
            run = {"wasted": [0] * 8 + [wasted + seed]}
            write_cell(tmp_path, "Random", seed, run=run, settings={"ood_ratio": ratio})
    (figure,) = report(tmp_path).costs
    assert figure.rows() == [
        ["condition", "strategy", "known", "unknown", "seeds"],
        ["40% of classes known, OOD ratio 40%", "Random", 14.5, 3.5, 2],
        ["40% of classes known, OOD ratio 60%", "Random", 8.5, 9.5, 2],
    ]
    assert re.findall(r'class="number"[^>]*>([^<]+)', figure.html()) == ["1.24", "2.12"]


@pytest.mark.parametrize("known, unknown, each", [(20, 0, "1.00"), (5, 15, "4.00"), (0, 9, "∞")])
def test_what_a_known_answer_cost(known: float, unknown: float, each: str) -> None:
    assert Cost("Random", known, unknown, 1).each == each


def test_each_data_set_has_a_figure_and_a_single_condition_none(tmp_path: Path) -> None:
    for data, ratio in (("a", 0.2), ("a", 0.4), ("<b>", 0.2), ("<b>", 0.4), ("c", 0.2)):
        write_cell(tmp_path, "Random", 0, settings={"data": data, "ood_ratio": ratio})
    made = report(tmp_path)
    titles = [figure.title.rpartition(": ")[2] for figure in made.costs]
    assert titles == ["<b>", "a"]
    assert "spent on: &lt;b&gt;</h3>" in made.html("report_files")


def test_their_files_are_written(tmp_path: Path) -> None:
    for ratio in (0.2, 0.4):
        write_cell(tmp_path, "Random", 0, settings={"ood_ratio": ratio})
    replace(report(tmp_path), sections=()).write(tmp_path / "files")
    assert {path.name for path in (tmp_path / "files").iterdir()} == {
        *("aubc.csv", "cost1.csv", "cost1.png")
    }
