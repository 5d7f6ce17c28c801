"""What every test can count on: the same numbers, no window, no network, two cores shared."""

import os
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read the shared data: `pytest -m "not data"` leaves them out."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("data")


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """The path of a file of the shared data by its name; skips the test where it is absent."""
    folder = Path(os.environ.get("OPENAL_DATA") or ROOT.parent / "shared" / "data")

    def path(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no {name} in {folder}; set OPENAL_DATA to the folder of the shared data")
        return folder / name

    return path
