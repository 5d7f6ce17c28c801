"""Figures, whatever matplotlib is told by the user; one that cannot be drawn loses no results."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.cli import main
from openal.simulate._plot import empty_drawing, png, png_or_none
from tests.forking import needs_fork

DRAWN = """
import os, sys
from openal.simulate._plot import empty_drawing, png
assert "matplotlib" not in sys.modules
for os.environ["MPLBACKEND"] in sys.argv[1:]:
    if os.fork():
        assert os.wait()[1] == 0
        continue
    assert png(empty_drawing(1, 1)).startswith(b"\\x89PNG")
    import matplotlib
    assert "matplotlib.pyplot" not in sys.modules
    print(os.environ["MPLBACKEND"], matplotlib.rcParams._get("backend"))
    break
"""
BACKENDS = {"module://no_such_module.at_all": True, "no such backend": False}
"""What a user asks for, and whether matplotlib keeps it."""


@needs_fork
@pytest.mark.long
def test_a_backend_of_the_user_is_neither_needed_nor_changed() -> None:
    command = [sys.executable, "-c", DRAWN, *BACKENDS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line, (backend, kept) in zip(done.stdout.splitlines(), BACKENDS.items(), strict=True):
        assert line.startswith(backend)
        assert line.count(backend) == 1 + kept


def test_settings_of_the_user_are_left_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    png(empty_drawing(1, 1))
    assert dict(mpl.rcParams) == before


def test_a_figure_that_cannot_be_drawn_is_a_warning() -> None:
    def paint() -> Any:
        raise RuntimeError("latex was\nnot found")

    with pytest.warns(UserWarning, match=r"curves\.png could not be drawn.*latex was not found"):
        assert png_or_none(paint, "curves.png") is None


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*could not be drawn:UserWarning")
def test_without_figures_there_are_results_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("latex was not found")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("openal.simulate._plot.png", broken)
    np.save("z.npy", np.random.default_rng(0).normal(size=(90, 4)))
    np.save("y.npy", np.arange(90) % 3)
    given = "simulate --embeddings z.npy --labels y.npy --known 0 1 --first 4 --seeds 1 --rounds 1"
    assert main([*given.split(), "--budget", "4", "--strategies", "Random", "--out", "r"]) == 0
    assert "Curves:  not drawn; the warning says why" in capsys.readouterr().out
    assert main(["report", "r", "--out", "r.html"]) == 0
    files = [path.name for path in Path("r_files").iterdir()]
    assert Path("r.html").is_file() and any(name.endswith(".csv") for name in files)
