"""What every test can count on: the same numbers, no window, no network, two cores shared."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
THREADS = 1  # the problems are small; more threads would only wait for each other

# Before torch and scikit-learn read them; processes that tests start inherit them.
os.environ["MPLBACKEND"] = "Agg"
os.environ["OMP_NUM_THREADS"] = str(THREADS)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.getenv("PYTHONPATH")]))

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(THREADS)

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
# By night: other examples every time, and many; what fails is printed so that it can be run again.
settings.register_profile(
    "nightly", settings.get_profile("local"), derandomize=False, max_examples=2_000, print_blob=True
)
settings.load_profile(os.getenv("HYPOTHESIS_PROFILE") or ("ci" if os.getenv("CI") else "local"))


# --- tiers: `pytest` is the quick one, `pytest -m full` is everything

QUICK = "not long"
LONG = {"fire", "fuzz", "hostile", "oracles", "properties"}
"""The folders whose tests are all long; others carry `@pytest.mark.long`, or open a browser."""


def pytest_configure(config: pytest.Config) -> None:
    """Run the quick tier where nothing is selected; what is named, by path or `-m`, runs whole."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS  # true of every worker of xdist
    if not named and not config.option.markexpr:
        config.option.markexpr = QUICK


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick tier does not even import the folders that it leaves out."""
    long = collection_path.parent == TESTS and collection_path.name in LONG
    return True if long and config.option.markexpr == QUICK else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what belongs to a tier, and what reads the shared data."""
    for item in items:
        item.add_marker("full")
        fixtures = getattr(item, "fixturenames", ())
        if "chromium" in fixtures or LONG.intersection(item.path.relative_to(TESTS).parts):
            item.add_marker("long")
        if "shared_data" in fixtures:
            item.add_marker("data")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many cases were walked within tests: pytest counts the tests alone."""
    reports = (report for group in terminalreporter.stats.values() for report in group)
    walked = [report for report in reports if isinstance(report, pytest.SubtestReport)]
    for folder, cases in sorted(Counter(room(report.nodeid) for report in walked).items()):
        terminalreporter.write_line(f"{folder}: {cases} cases walked")


def room(nodeid: str) -> str:
    """The folder of a test: "tests/hostile"."""
    return nodeid.partition("::")[0].rpartition("/")[0]


# --- fixtures


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """The path of a file of the shared data by its name; skips the test where it is absent."""
    folder = Path(os.environ.get("OPENAL_DATA") or ROOT.parent / "shared" / "data")

    def path(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no {name} in {folder}; set OPENAL_DATA to the folder of the shared data")
        return folder / name

    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser that is there already, for the pages that we make."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright: pip install playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium: apt-get install chromium")
    with api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
