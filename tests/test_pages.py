"""The code on the pages runs, and does what the pages say."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.testing._world import world

ROOT = Path(__file__).resolve().parents[1]


def blocks(page: str) -> dict[str, str]:
    """The code blocks of a page that have a title, by their title."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return dict(re.findall(r'```\w+ title="(.+?)"\n(.*?)```', text, flags=re.DOTALL))


def names(page: str, title: str) -> dict[str, Any]:
    """What a code block of a page defines."""
    found: dict[str, Any] = {}
    exec(blocks(page)[title], found)  # noqa: S102
    return found


def install(page: str, folder: Path) -> None:
    """Write the files of the page, and beside them what `pip install` would."""
    files = blocks(page)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    info = folder / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir()
    named = f"Name: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{named}")
    groups = project["entry-points"].items()
    lines = [
        line
        for group, points in groups
        for line in (f"[{group}]", *map(" = ".join, points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.mark.long
def test_the_package_on_the_page_is_found_and_passes_its_tests(tmp_path: Path) -> None:
    install("write-a-strategy.md", tmp_path)
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_kindred.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_function_on_the_page_is_a_score() -> None:
    assert names("write-a-strategy.md", "my_scores.py")["mine"].reads == ("embeddings", "features")


@pytest.mark.parametrize(
    "title, reads",
    [("detectors.py", ("embeddings", "logits")), ("utilities.py", ("embeddings",))],
)
def test_the_strategies_of_other_tools_query(title: str, reads: tuple[str, ...]) -> None:
    pytest.importorskip("pytorch_ood", reason="pytorch-ood: pip install openal[ood]")
    pytest.importorskip("skactiveml", reason="scikit-activeml: pip install openal[skactiveml]")
    strategy = names("integrations.md", title)["strategy"]
    assert strategy.reads == reads
    assert len(asked(strategy)) == 6


def test_a_forest_is_a_purity() -> None:
    rows = world().signals["embeddings"][world().labeled.known_indices]
    query = asked(names("integrations.md", "functions.py")["strategy"](rows))
    assert query.purity is not None and query.informativeness is not None


@pytest.mark.long
def test_the_loop_stops_where_the_page_says() -> None:
    loop = names("stopping.md", "loop.py")
    unknown = 1 - np.array(loop["precision"].values)
    wanted = (loop["truth"][loop["candidates"]] >= 0).sum()
    assert 25 < len(unknown) < 45
    assert len(loop["labeled"].known_indices) > 0.9 * wanted
    assert loop["plateaus"].index(True) < 10 and loop["accuracies"][-1] > 0.95
    assert np.isnan(loop["expected"][0]) and np.nanmean(abs(loop["expected"] - unknown)) < 0.2
    assert 6 < loop["cost"].overall < 8


@pytest.mark.long
def test_the_grid_of_the_page_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    precision = names("simulate.md", "grid.py")["precision"]
    assert [*precision] == [(0.2, 0.3), (0.2, 0.5), (0.4, 0.3), (0.4, 0.5)]
    assert min(precision.values()) > 0.6
    assert len(list(Path("grid/runs").iterdir())) == 16


def asked(strategy: Any) -> Any:
    made = world()
    return strategy.query(made.pool, made.labeled, 6, seed=0, progress=False)
