"""The page of a report: what is in it, how it looks in a browser, and what it refuses."""

import csv
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.cli import main
from openal.errors import ArgumentError
from openal.report import report, write_report
from openal.report._curves import GAP, apart
from openal.report._maps import placed
from openal.report._results import read_results
from openal.report._statistics import signed
from openal.report._svg import Scale, fitted, sheet
from openal.simulate._differences import difference
from openal.simulate.loop import Run
from tests.walking import walked

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


@pytest.mark.long
def test_names_are_text(tmp_path: Path) -> None:
    settings = {name: name for name in ("data", "<b>", *HOSTILE)} | {"data": "".join(HOSTILE)}
    for name in (*HOSTILE, "Random"):
        write_cell(tmp_path, name, 0, settings=settings, strategy=f"{name}()")
    write_items(tmp_path)
    write_report(tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<script") == 1
    assert page.count("<b>") == len(re.findall(r"<b>[\d<]", page))
    tags = re.findall(r"<[a-z]+ [^<>]*>", page)
    assert all(len(re.findall('"', tag)) % 2 == 0 for tag in tags)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r"])
def test_a_spreadsheet_computes_nothing(text: str) -> None:
    assert sheet([[text, -1.5]]).decode("utf-8-sig").lstrip('"').startswith("'")
    assert b",-1.5" in sheet([[text, -1.5]])


def test_more_strategies_than_colors(tmp_path: Path) -> None:
    for number in range(31):
        write_cell(tmp_path, f"S{number}", 0)
    page = page_of(tmp_path)
    looks = re.findall(r'<svg class="swatch .*?</svg>', page)
    assert len(set(looks)) == len(looks) == 31


def test_conditions_that_differ_in_something_else_are_told_apart(tmp_path: Path) -> None:
    for budget in (2, 3):
        write_cell(tmp_path, "Random", 0, settings={"budget": budget})
    labels = [condition.label for condition in read_results(tmp_path).conditions]
    assert [label[-20:] for label in labels] == ["ratio 60% · budget 2", "ratio 60% · budget 3"]


@pytest.mark.long
def test_the_command_makes_the_same_settings(tmp_path: Path) -> None:
    given = ["--rounds", "1", "--budget", "7", "--seeds", "4,", "--strategies", "Random"]
    given += ["--mismatch", "0.3", "--ood-ratio", "0.5", "--noise", "0.1", "--skip", "0.2"]
    given += ["--protocol", "clipnal", "--test-share", "0.3", "--first", "20"]
    assert main(["simulate", *given, "--out", str(tmp_path / "a")]) == 0
    (command,) = re.findall(r"<pre.*?<code>(.*?)</code>", page_of(tmp_path / "a"))
    assert main([*shlex.split(command)[1:], "--out", str(tmp_path / "b")]) == 0
    cells = [next((tmp_path / name).glob("runs/*.json")) for name in "ab"]
    first, second = (json.loads(path.read_text()) for path in cells)
    assert (first["settings"], first["run"]) == (second["settings"], second["run"])


def test_what_the_results_say_of_their_origin(tmp_path: Path) -> None:
    write_cell(tmp_path, "Random", 0)
    origin = {"command": ["openal", "simulate", "a b"], "hardware": "an abacus", "notes": ["<i>"]}
    (tmp_path / "simulation.json").write_text(json.dumps(origin))
    page = page_of(tmp_path)
    assert "<code>openal simulate &#x27;a b&#x27;</code>" in page
    assert "an abacus" in page and "&lt;i&gt;" in page


@pytest.mark.parametrize(
    "left_out, words",
    [({"xy"}, "Maps are left out"), ({"thumbnails", "thumbnail_indices"}, "Images are left out")],
)
def test_what_the_items_lack_is_said(folder: Path, left_out: set[str], words: str) -> None:
    write_items(folder, **{name: np.zeros(0) for name in left_out})
    assert words in page_of(folder)


def test_a_round_without_images_has_no_gallery(folder: Path) -> None:
    write_items(folder, thumbnails=np.zeros((1, 32, 32, 3)), thumbnail_indices=np.zeros(1, int))
    page = page_of(folder)
    assert "What they chose in round 1<" in page and "What they chose in round 9<" not in page


@pytest.mark.long
def test_one_round(tmp_path: Path) -> None:
    row = {name: [1] for name in ("precision", "recall", "recall_with_init", "wasted")}
    run = {**row, "asked": [[0]], "accuracy": [1, 1]}
    write_cell(tmp_path, "Random", 0, run=run, seconds=[0])
    write_report(tmp_path, tmp_path / "report.html")
    assert ">1 round of 1.<" in (tmp_path / "report.html").read_text()


def test_without_items_or_known_classes(folder: Path) -> None:
    cell = write_cell(folder, "EOAL", 0, known=[], settings={"data": "x"})
    assert 'class="dot item"' in page_of(folder)
    (folder / "data.npz").unlink()
    cell.unlink()
    assert "Maps and images are left out: there is no data.npz" in page_of(folder)


DAMAGE: list[tuple[dict[str, Any], str]] = [
    ({"seed": "x"}, "seed must be an integer"),
    ({"name": 3}, "must be an object and two strings"),
    ({"run": {"accuracy": [0.5]}}, "accuracy has 1 values; 10 were expected"),
    ({"run": {"accuracy": [2.0] * 10}}, "accuracy must be at most 1"),
    ({"run": {"precision": [float("nan")] * 9}}, "precision must be a finite number"),
    ({"run": {"wasted": None}}, "wasted must be a list"),
    ({"run": {"asked": []}}, "asked must hold at least one item"),
    ({"run": {"asked": [[-1]]}}, "asked holds -1"),
    ({"run": {"asked": [[99]] * 9}}, "asks beyond the 18 items"),
    ({"known": ["a"]}, "known"),
    ({"settings": {"mismatch": 10**400}}, "mismatch must be a finite number"),
    ({"settings": {"ood_ratio": "all"}}, "ood_ratio must be a number"),
]


@walked
@pytest.mark.parametrize("changes, message", DAMAGE)
def test_a_damaged_run_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_items(tmp_path)
    path = write_cell(tmp_path, "Random", 0, **changes)
    with pytest.raises(ArgumentError, match=re.escape(str(path))) as error:
        report(tmp_path)
    assert message in str(error.value)


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"settings": 3}', "[" * 100000, "3"])
def test_a_file_of_somebody_else_is_named(tmp_path: Path, content: str) -> None:
    path = write_cell(tmp_path, "Random", 0)
    path.write_text(content)
    with pytest.raises(ArgumentError, match=re.escape(str(path))):
        read_results(tmp_path)


def test_a_run_that_is_there_twice_is_named(tmp_path: Path) -> None:
    for _ in range(2):
        path = write_cell(tmp_path, "Random", 0)
    with pytest.raises(ArgumentError, match=re.escape(f"{path} repeats Random at seed 0")):
        read_results(tmp_path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"labels": np.full(18, 2)}, "labels must be below 2"),
        ({"xy": np.full((18, 2), np.nan, np.float32)}, "xy must hold 18 finite points"),
        ({"xy": np.zeros((18, 3), np.float32)}, r"xy must be \[n, 2\]"),
        ({"thumbnail_indices": np.full(18, 18)}, "thumbnail_indices must be 18 items below 18"),
        ({"names": np.array(["a", None])}, "cannot be read"),
        ({"thumbnails": np.zeros((18, 8, 8, 3))}, r"thumbnails must be \[n, 32, 32, 3\]"),
    ],
)
def test_damaged_items_are_named(folder: Path, changes: dict[str, Any], message: str) -> None:
    path = write_items(folder, **changes)
    with pytest.raises(ArgumentError, match=f"{re.escape(str(path))}.*{message}"):
        read_results(folder)


def test_items_that_are_no_archive_are_named(folder: Path) -> None:
    path = folder / "data.npz"
    np.savez_compressed(path, labels=np.zeros(1000, int), names=np.array(["a"]))
    broken = path.read_bytes()
    at = broken.index(b"labels.npy") + 40
    with path.with_name("array.npy").open("w+b") as file:
        np.save(file, np.zeros(3))
        file.seek(0)
        array = file.read()
    for content in (array, broken[:at] + b"\xff" * 9 + broken[at + 9 :]):
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match=re.escape(f"{path} cannot be read")):
            read_results(folder)


@pytest.mark.parametrize("origin", [{"notes": 5}, {"notes": "ab"}, {"command": 5}])
def test_a_damaged_origin_is_named(tmp_path: Path, origin: dict[str, Any]) -> None:
    write_cell(tmp_path, "Random", 0)
    path = tmp_path / "simulation.json"
    path.write_text(json.dumps(origin))
    with pytest.raises(ArgumentError, match=re.escape(str(path))):
        page_of(tmp_path)


def test_images_are_guessed_with_their_encoder(tmp_path: Path) -> None:
    write_cell(tmp_path, "Random", 0, settings={"data": "pets", "encoder": "pixels"})
    assert "--images pets --encoder pixels" in page_of(tmp_path)


@pytest.mark.parametrize("results, message", [("nowhere", "is not a folder"), (".", "runs/*.json")])
def test_no_results(
    tmp_path: Path,
    results: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", results]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("low, high, log", [(0.1, 0.9, False), (-3, 700, False), (0.002, 4, True)])
def test_an_axis(low: float, high: float, log: bool) -> None:
    scale = fitted([low, high], 100, 0, log=log)
    assert 0 < scale(high) < scale(low) < 100
    assert 3 <= len(scale.ticks()) <= 8
    assert all(0 <= scale(tick) <= 100 for tick in scale.ticks())


def test_an_axis_of_one_value() -> None:
    assert fitted([0.0], 0, 100)(0.0) == pytest.approx(50)
    assert Scale(0, 1, 0, 100).ticks()[-1] == pytest.approx(1)


def test_names_at_the_ends_of_lines_keep_apart() -> None:
    rng = np.random.default_rng(0)
    for count in range(1, 12):
        places = apart(sorted(rng.uniform(90, 110, count).tolist()), 0, 200)
        assert min(np.diff(places), default=GAP) >= GAP - 1e-9
        assert places[0] >= 0 and places[-1] <= 200


def test_a_map_keeps_proportions() -> None:
    points = placed(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0]]))
    assert points.tolist() == [[12, 294], [388, 294], [388, 106]]
    assert placed(np.ones((3, 2))).tolist() == [[200, 200]] * 3


def test_signs() -> None:
    assert [signed(each) for each in ("1.50", "-1.50", "-0.00")] == ["+1.50", "−1.50", "0.00"]


# In a real browser.


@pytest.fixture
def opened(chromium: Any, written: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page; what it asks of the network or complains about fails the test."""
    width, scheme, script = getattr(request, "param", (1280, "light", True))
    size = {"width": width, "height": 900}
    context = chromium.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: wrong.append(sent.url))
    page.goto((written / "report.html").as_uri())
    yield page
    seen = [each for each in wrong if not each.startswith(("data:", written.as_uri()))]
    context.close()
    assert seen == []


VIEWS = [(w, scheme, True) for w in (375, 1280) for scheme in ("light", "dark")]


@pytest.mark.parametrize("opened", VIEWS, indirect=True)
def test_nothing_overflows(opened: Any) -> None:
    wide, inner = opened.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= inner
    # No text of a figure reaches beyond its card.
    assert (
        opened.evaluate(
            """() => [...document.querySelectorAll("figure.plot text")].filter(each => {
            const card = each.closest("figure").getBoundingClientRect()
            const words = each.getBoundingClientRect()
            return words.right > card.right || words.left < card.left
        }).map(each => each.textContent)"""
        )
        == []
    )


@pytest.mark.parametrize("opened", VIEWS, indirect=True)
def test_a_screenshot_shows_the_figures(opened: Any) -> None:
    shots = opened.locator("figure.plot:visible")
    accuracy, wasted = (pixels_of(shots.nth(at)) for at in (0, 3))
    for name in ("--c0", "--c2", "--sheet"):  # Random, NEAT
        assert count(accuracy, color_of(opened, name)) > 100, name
    for name in ("--unknown", "--sheet"):
        assert count(wasted, color_of(opened, name)) > 1000, name
    chosen = opened.locator(".chosen figure.wide:visible")
    maps, images = (pixels_of(chosen.nth(at)) for at in (0, 2))
    for name in ("--known", "--unknown"):
        assert min(count(maps, color_of(opened, name)), count(images, color_of(opened, name))) > 15
    for pure in ([254, 0, 0], [0, 255, 1]):  # as JPEG keeps them
        assert count(images, pure) > 1000


def pixels_of(part: Any) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(part.screenshot())).convert("RGB")).astype(int)


def color_of(opened: Any, name: str) -> list[int]:
    script = "n => getComputedStyle(document.documentElement).getPropertyValue(n)"
    return list(bytes.fromhex(opened.evaluate(script, name).strip(" #")))


def count(pixels: np.ndarray, color: Sequence[int]) -> int:
    return int((np.abs(pixels - color).max(axis=-1) < 12).sum())


@pytest.mark.parametrize("opened", [(1280, "light", True), (1280, "dark", True)], indirect=True)
def test_light_and_dark(opened: Any) -> None:
    colors = opened.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    ink, paper = (sum(map(int, re.findall(r"\d+", each)[:3])) / 3 for each in colors)
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert ink - paper > 150 if dark else paper - ink > 150


def test_the_menu_shows_one_condition(opened: Any) -> None:
    shown = opened.locator("section.condition:visible h2")
    assert shown.all_inner_texts() == ["digits, 40% of classes known, OOD ratio 40%"]
    opened.select_option("select", "condition2")
    assert shown.all_inner_texts() == ["digits, 40% of classes known, OOD ratio 60%"]
    assert opened.url.endswith("#condition2")
    clouds = opened.locator("#condition2 .map use")
    assert clouds.count() == 2
    assert all(clouds.nth(at).bounding_box()["height"] > 20 for at in range(2))


@pytest.mark.parametrize("opened", [(1280, "light", False)], indirect=True)
def test_without_scripts_everything_is_shown(opened: Any) -> None:
    assert opened.locator("section.condition:visible").count() == 2
    assert opened.locator("nav a").count() == 2
    assert opened.locator("select").count() == 0


def write_bounds(folder: Path, gain: float) -> str:
    """The page of two conditions, with perfect purity in the first."""
    write_results(folder)
    for seed in range(3):
        better = {"accuracy": [min(1.0, value + gain + seed / 100) for value in GOLDEN]}
        write_cell(folder, "perfect purity", seed, settings={"ood_ratio": 0.4}, run=better)
    return page_of(folder)


@pytest.mark.parametrize("gain, marks", [(0.019, 1), (0.12, 0)])
def test_a_condition_without_headroom_is_marked(tmp_path: Path, gain: float, marks: int) -> None:
    page = write_bounds(tmp_path, gain)
    assert page.count("OOD 40% †</th>") == 2 * marks and "OOD 60%</th>" in page
    assert page.count("† Perfect purity gains less than 2 points") == marks
    assert page.count("so this condition decides nothing about purity.") == marks
    assert f"perfect purity is +{100 * gain:.1f}" in page


def test_a_bound_is_neither_the_best_nor_first(tmp_path: Path) -> None:
    page = write_bounds(tmp_path, 0.12)
    rows = re.findall('<th scope="row">perfect purity</th>(.*?)</tr>', page, re.DOTALL)
    assert len(rows) == 4 and "<b>" in rows[3]  # the last are differences, bold where clear
    assert not any("<b>" in row for row in rows[:3])
    assert '<p class="who">NEAT</p>' in page and '<p class="who">perfect purity</p>' not in page
    names = re.findall(r'<th scope="row">([^<]*)</th>', page)
    assert names[:3] == ["Random", "NEAT", "perfect purity"]
