"""What a paper takes from a report: vector pictures, tables in LaTeX, a card of the runs."""

import json
import re
from pathlib import Path

import pytest

from openal.cli import main
from openal.errors import ArgumentError
from openal.report import write_report
from tests.report.test_build import write_cell


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two strategies at two seeds, one of a name that LaTeX would read as commands."""
    for seed in range(2):
        write_cell(tmp_path, "Random", seed)
        better = [value + (seed + 3) / 100 for value in (0.5, 0.6, 0.7, 0.75, 0.8, 0.82)]
        write_cell(tmp_path, "50%_{a}\\b", seed, run={"accuracy": [*better, *better[:4]]})
    return tmp_path


def test_the_command_writes_what_a_paper_takes(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    options = ["--latex", "--svg", "--pdf", "--width", "3.3"]
    assert main(["report", str(results), "--out", str(out), *options]) == 0
    files = tmp_path / "page_files"
    names = {path.stem for path in files.glob("*.png")}
    assert names == {path.stem for path in files.glob("*.svg")}
    assert names == {path.stem for path in files.glob("*.pdf")}
    svg = next(iter(files.glob("*.svg"))).read_text("utf-8")
    assert 'width="237.6pt"' in svg  # 3.3 of 72 points
    assert (files / "condition1.tex").exists()


def test_a_table_has_its_numbers_and_plain_names(results: Path, tmp_path: Path) -> None:
    write_report(results, tmp_path / "page.html", latex=True)
    table = (tmp_path / "page_files" / "condition1.tex").read_text("utf-8")
    rows = [line for line in table.splitlines() if line.endswith(r"\\")]
    assert [row.count("&") for row in rows] == [7, 7, 7]
    assert rows[2].startswith(r"50\%\_\{a\}\textbackslash{}b & ")
    assert re.search(r"\$-?[+-]\d+\.\d \\pm \d+\.\d\$ \\\\$", rows[2])
    assert rows[1].endswith(r"&  \\")  # Random less itself
    assert table.count(r"\toprule") == table.count(r"\bottomrule") == 1


def test_the_same_results_give_the_same_vectors(results: Path, tmp_path: Path) -> None:
    for name in "ab":
        write_report(results, tmp_path / f"{name}.html", formats=["svg", "pdf"])
    for path in (tmp_path / "a_files").iterdir():
        assert path.read_bytes() == (tmp_path / "b_files" / path.name).read_bytes(), path.name


def test_figures_on_one_page_share_no_id(results: Path, tmp_path: Path) -> None:
    write_report(results, tmp_path / "page.html", formats=["svg"])
    for path in (tmp_path / "page_files").glob("*.svg"):
        key = path.stem.partition("-")[2]
        drawn = re.findall(r'id="([a-z]+-\d+|[mpch][0-9a-f]{10})"', path.read_text("utf-8"))
        assert drawn
        assert all(name.startswith(f"{key}-") for name in drawn)


def test_the_card_says_what_repeats_the_runs(results: Path, tmp_path: Path) -> None:
    write_report(results, tmp_path / "page.html", latex=True)
    card = json.loads((tmp_path / "page_files" / "card.json").read_text("utf-8"))
    assert card["conditions"][0]["seeds"] == [0, 1]
    assert card["conditions"][0]["settings"]["ood_ratio"] == 0.6
    assert [*card["strategies"]] == ["Random", "50%_{a}\\b"]


def test_a_name_may_hold_anything(tmp_path: Path) -> None:
    for name in ("Random", "_\ud800\n"):
        write_cell(tmp_path, name, 0, settings={"data": "a\ud800\n"})
    write_report(tmp_path, tmp_path / "page.html", latex=True)
    table = (tmp_path / "page_files" / "condition1.tex").read_text("utf-8")
    assert len([line for line in table.splitlines() if line.endswith(r"\\")]) == 3
    assert json.loads((tmp_path / "page_files" / "card.json").read_text("utf-8"))["strategies"]


@pytest.mark.parametrize("wrong", [{"formats": ["png"]}, {"width": 0.5}, {"width": float("nan")}])
def test_what_cannot_be_is_refused_before_anything_is_written(
    results: Path, tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        write_report(results, tmp_path / "page.html", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "page.html").exists()
