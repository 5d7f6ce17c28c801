"""The run of labeling in small: the commands, two windows, a kill, and a ledger that is exact."""

import os
import re
import shutil
from contextlib import chdir
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from benchmarks import labeling
from benchmarks.labeling import Round, is_exact, main, table, wasted_at_random
from benchmarks.labeling_people import Truth
from benchmarks.labeling_photos import KINDS, photos_of
from openal.cli import main as openal

TOY = ["--drawn", "--photos", "60", "--rounds", "2", "--budget", "6"]


def in_process(folder: Path, *words: str) -> float:
    """A command in this process, where everything is imported."""
    begun = perf_counter()
    with chdir(folder):
        assert openal(words) == 0
    return perf_counter() - begun


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a killed server has its port again at once")
def test_two_people_label_and_the_ledger_is_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("playwright", "starlette", "uvicorn", "efficientnet_lite_pytorch"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("chromium: apt-get install chromium")
    monkeypatch.setattr(labeling, "done", in_process)
    assert main([*TOY, "--keep", str(tmp_path), "--shots", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "12 answers in the ledger: exactly what was said" in shown
    assert len(re.findall(r"^ +[12] +[34] ", shown, flags=re.MULTILINE)) == 2
    assert {path.name for path in tmp_path.glob("*.png")} == {
        f"label-{name}.png" for name in ("wide", "wide-dark", "phone", "phone-light")
    }


# --- the parts


SAID = {"a": "cat", "b": "UNKNOWN", "c": "dog", "d": "cat"}
ROUNDS = [Round(["cat", "dog"], 1.0, [0.5]), Round(["cat", "dog"], 2.0, [0.1], 3.0)]


@pytest.mark.parametrize(
    "change", [{}, {"a": "dog"}, {"e": "cat"}], ids=["same", "another answer", "one more"]
)
def test_an_answer_that_differs_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    rows = [f"{file},{name},{1 + at // 2}" for at, (file, name) in enumerate(SAID.items())]
    (tmp_path / "exported.csv").write_text("\n".join(["file,class,round", *rows]))
    monkeypatch.setattr(labeling, "done", lambda *_: 0.0)
    truth = Truth({}, [], SAID | change)
    assert is_exact(tmp_path, truth, budget=2) == (not change)


def test_the_table_tells_the_wasted_share_of_each_round() -> None:
    kinds = dict.fromkeys("abcd", "cat") | dict.fromkeys("efgh", "frog")
    first, second = table(Truth(kinds, [], SAID), ROUNDS, 2).splitlines()[1:]
    assert "50%" in first.split()[2] and "0%" in second.split()[2]
    assert "3.0 s after the kill" in second


def test_random_wastes_the_share_of_what_is_not_looked_for() -> None:
    kinds = {f"{at}": kind for at, kind in enumerate(["cat", "frog", "ship", "bird"] * 5)}
    shares = wasted_at_random(
        Truth(kinds, []), [Round(["cat"], 0.0), Round(["cat", "ship"], 0.0)], 4
    )
    np.testing.assert_allclose(shares, [0.75, 0.5], atol=0.03)


def test_drawn_photos_are_of_ten_kinds_and_stay(tmp_path: Path) -> None:
    truth = photos_of(tmp_path, 20, drawn=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {*truth} == {*before} and len({*before.values()}) == 20
    assert sorted(truth.values()) == sorted([*KINDS[True]] * 2)
    assert photos_of(tmp_path, 20, drawn=True) == truth


@pytest.mark.parametrize("given", [["--rounds", "1"], ["--budget", "5"]], ids=["rounds", "budget"])
def test_a_run_that_is_too_short_is_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(given)
