"""The page of a report: what is in it, how it looks in a browser, and what it refuses."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.cli import main
from openal.report import report, write_report
from openal.simulate._differences import difference
from openal.simulate.loop import Run

# CLIPNAL's framework gives 0.6905 for these.
GOLDEN = [0.5, 0.6, 0.7, 0.75, 0.8, 0.82, 0.84, 0.85, 0.86, 0.87]
HOSTILE = ["<script>alert(1)</script>", '=cmd|"x"!A1', "$a_{", "_\ud800\n", "猫"]


def write_cell(folder: Path, name: str, seed: int, /, **changes: Any) -> Path:
    """A run of nine rounds of two answers, one of them on an unknown item."""
    share = [0.5] * 9
    run = {
        "asked": [[2 * at, 2 * at + 1] for at in range(9)],
        "accuracy": [value + seed / 100 for value in GOLDEN],
        "precision": share,
        "recall": share,
        "recall_with_init": share,
        "wasted": list(range(1, 10)),
    }
    settings = {"data": "digits", "mismatch": 0.4, "ood_ratio": 0.6, "rounds": 9}
    cell = {"settings": settings, "strategy": f"{name}()", "name": name, "seed": seed}
    cell |= {"run": run | changes.pop("run", {}), "seconds": [0.1] * 9, "known": [0]}
    cell["settings"] = settings | changes.pop("settings", {})
    path = folder / "runs" / f"{len(list(folder.glob('runs/*')))}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(cell | changes))
    return path


def write_items(folder: Path, **changes: Any) -> Path:
    """18 items of two classes, one of a hostile name, in two places, in red and green."""
    labels = np.arange(18) % 2
    arrays = {
        "labels": labels,
        "names": np.array(["cat", '"><b>owl']),
        "xy": np.stack([labels, np.arange(18)], axis=1).astype(np.float32),
        "thumbnails": np.stack([[[[255 * k, 255 - 255 * k, 0]] * 32] * 32 for k in labels]),
        "thumbnail_indices": np.arange(18),
    } | changes
    arrays["thumbnails"] = arrays["thumbnails"].astype(np.uint8)
    np.savez(folder / "data.npz", **{name: each for name, each in arrays.items() if len(each)})
    return folder / "data.npz"


def page_of(folder: Path) -> str:
    return report(folder).html("report_files")


def write_results(folder: Path) -> None:
    """Two strategies, three seeds, two OOD ratios, with items."""
    for ratio in (0.4, 0.6):
        for seed in range(3):
            write_cell(folder, "Random", seed, settings={"ood_ratio": ratio})
            better = {"accuracy": [value + 0.02 * (seed + 1) for value in GOLDEN]}
            write_cell(folder, "NEAT", seed, settings={"ood_ratio": ratio}, run=better)
    write_items(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_results(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with `report.html` and the files of its figures."""
    folder = tmp_path_factory.mktemp("written")
    write_results(folder)
    write_report(folder, folder / "report.html")
    return folder


@pytest.mark.long
def test_real_results_become_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, out = str(tmp_path / "results"), tmp_path / "new" / "page.html"
    given = ["--rounds", "2", "--seeds", "2", "--strategies", "Random", "NEAT", "--out", results]
    assert main(["simulate", *given]) == 0
    assert main(["report", results, "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"Page:    {out}",
        f"Figures: {out.with_name('page_files')}",
    ]
    assert "handwritten digits, 40% of classes known, all unknown items" in out.read_text()


def test_the_page_needs_no_other_file(folder: Path) -> None:
    page = page_of(folder)
    assert re.findall(r'(?:src|href)="(?!#|report_files/)[^"]*', page) == []
    assert set(re.findall(r"url\((.{10})|@import", page)) == {"data:image"}
    assert "http" not in page


@pytest.mark.long
def test_what_the_page_points_at_is_there(written: Path) -> None:
    page = (written / "report.html").read_text()
    files = list((written / "report_files").iterdir())
    assert {path.name for path in files} == set(re.findall(r'href="report_files/([^"]+)', page))
    assert {path.suffix for path in files} == {".png", ".csv"}
    ids = re.findall(r' id="([^"]+)', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)', page)) <= set(ids)


@pytest.mark.long
def test_each_picture_can_be_opened(written: Path) -> None:
    for path in (written / "report_files").glob("*.png"):
        with Image.open(path) as image:
            assert np.asarray(image.convert("L")).std() > 5, path


@pytest.mark.long
def test_the_same_results_give_the_same_files(written: Path, tmp_path: Path) -> None:
    write_report(written, tmp_path / "report.html")
    for path in [written / "report.html", *(written / "report_files").iterdir()]:
        assert (tmp_path / path.relative_to(written)).read_bytes() == path.read_bytes(), path


def test_aubc_as_the_paper_lays_it_out(folder: Path) -> None:
    page = page_of(folder)
    assert page.count('<th colspan="2" scope="colgroup">40% of classes known</th>') == 2
    assert page.count('<th scope="col">OOD 40%</th><th scope="col">OOD 60%</th>') == 2
    rows = re.findall(r'<th scope="row">(\w+)</th><td>(.*?)</td>', page)
    # 0.6905 for the golden curve, and 0.9 of what is added to it; 10/9 of it as trapezoids.
    assert rows[2] == ("Random", '69.95<span class="sd"> ± 0.90</span>')
    assert rows[3] == ("NEAT", '<b>72.65</b><span class="sd"> ± 1.80</span>')
    assert rows[0] == ("Random", '77.72<span class="sd"> ± 1.00</span>')


def test_the_numbers_of_a_figure(written: Path) -> None:
    with (written / "report_files" / "condition1-accuracy.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert float(rows[0]["mean"]) == pytest.approx(0.51)
    assert float(rows[0]["sd"]) == pytest.approx(0.01)
    with (written / "report_files" / "condition1-map-round9.csv").open() as file:
        chosen = [(row["index"], row["group"]) for row in csv.DictReader(file)]
    assert chosen[:2] == [("17", "unknown"), ("16", "known")]


def run_of(accuracy: float) -> Run:
    return Run(((0,),), (accuracy, accuracy), (1.0,), (1.0,), (1.0,), (0,), (0.1,))


def test_a_paired_interval() -> None:
    mine = {seed: run_of(0.4 + seed / 10) for seed in (1, 2, 3, 7)}
    theirs = {seed: run_of(0.4) for seed in (1, 2, 3, 4)}
    found = difference(mine, theirs, lambda run: run.accuracy[-1])
    assert found is not None and found.n == 3
    assert found.mean == pytest.approx(0.2)
    # scipy.stats.ttest_1samp([0.1, 0.2, 0.3], 0).confidence_interval()
    assert found.interval == pytest.approx((-0.0484138, 0.4484138), abs=1e-6)
    assert not found.clear


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    for name in ("Random", "NEAT"):
        write_cell(tmp_path, name, 3)
    page = page_of(tmp_path)
    assert "One seed: there is no interval." in page
    assert "One seed cannot tell the best from the lucky." in page
    assert "±" not in re.sub(r'<p class="note">.*?</p>', "", page)


def test_no_baseline_and_no_common_seed(tmp_path: Path) -> None:
    write_cell(tmp_path, "NEAT", 0)
    assert "There is no Random to compare with." in page_of(tmp_path)
    write_cell(tmp_path, "Random", 1)
    assert "no seed in common" in page_of(tmp_path)


def cards_of(page: str) -> list[tuple[str, ...]]:
    return re.findall(r'class="what">(.*?)</p>.*?"who">(.*?)</p>.*?"more">(.*?)</p>', page)


def test_the_headline_of_a_grid_counts_conditions(folder: Path) -> None:
    what, who, more = cards_of(page_of(folder))[0]
    assert (what, who) == ("More accuracy than Random", "NEAT")
    assert more == "clearly more in 2 of 2 conditions, clearly less in 0"


def write_curves(folder: Path, **curves: Sequence[Sequence[float]]) -> list[tuple[str, ...]]:
    """The cards of strategies with an accuracy curve for each seed."""
    for name, by_seed in curves.items():
        for seed, accuracy in enumerate(by_seed):
            write_cell(folder, name, seed, run={"accuracy": list(accuracy)})
    return cards_of(page_of(folder))


def curve(level: float) -> list[float]:
    return [min(1.0, level + at / 100) for at in range(len(GOLDEN))]


def test_the_headline_tells_gains_with_intervals(tmp_path: Path) -> None:
    random = [curve(0.5), curve(0.6), curve(0.7)]
    neat = [curve(0.53), curve(0.64), curve(0.75)]
    accuracy, saved, _ = write_curves(tmp_path, Random=random, NEAT=neat)
    # scipy.stats.ttest_1samp([3, 4, 5], 0).confidence_interval() is 4 +- 2.48
    assert accuracy[1:] == ("NEAT", "4.0 ± 2.5 points of AUBC")
    assert saved[1:] == (
        "NEAT",
        "8 ± 5 fewer answers to Random&#x27;s final accuracy",
    )


def test_the_headline_names_nobody_within_noise(tmp_path: Path) -> None:
    random = [curve(0.5), curve(0.6), curve(0.7)]
    cards = write_curves(tmp_path, Random=random, NEAT=[curve(0.49), curve(0.61), curve(0.71)])
    assert cards[0][1:] == ("No clear gain", "largest: NEAT, 0.3 ± 2.9 points of AUBC")


def test_the_headline_names_who_cannot_be_told_apart(tmp_path: Path) -> None:
    random, more = [curve(0.5)] * 3, [curve(0.6), curve(0.61), curve(0.62)]
    cards = write_curves(
        tmp_path, Random=random, NEAT=more, LfOSA=more[::-1], Coreset=[curve(0.55)] * 3
    )
    assert cards[0][1] in ("NEAT", "LfOSA")
    assert "; not told apart from it: " in cards[0][2] and "Coreset" not in cards[0][2]
