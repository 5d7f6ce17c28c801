"""How many damaged files each loader was given: told at the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.harness import Loader, fuzz

CASES = "fuzz cases"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of a loader are; the folder around it must stay as it is."""
    folder = tmp_path / "around" / "folder"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fuzzed(
    folder: Path, record_property: Callable[[str, object], None]
) -> Callable[[Loader], None]:
    """Gives the loader its cases, and notes their number."""

    def run(loader: Loader) -> None:
        record_property(CASES, fuzz(loader, folder))

    return run


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts = {
        report.nodeid.rpartition("/")[2]: cases
        for report in terminalreporter.stats.get("passed", [])
        for name, cases in report.user_properties
        if name == CASES
    }
    for name, cases in counts.items():
        terminalreporter.write_line(f"fuzz: {name} {cases} cases")
    if counts:
        terminalreporter.write_line(f"fuzz: {len(counts)} loaders, {sum(counts.values())} cases")
