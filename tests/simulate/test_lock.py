"""A lock file that nobody waits for, and that a killed process does not hold."""

import subprocess
import sys
from pathlib import Path

import pytest

from openal.simulate._results_folder import claimed

HOLD = """
import sys
from pathlib import Path
from openal.simulate._results_folder import claimed
with claimed(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


def test_only_one_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "lock"
    with claimed(path) as first:
        with claimed(path) as second:
            assert (first, second) == (True, False)
        with claimed(tmp_path / "other") as other:
            assert other
    with claimed(path) as again:
        assert again


@pytest.mark.long
def test_a_killed_process_holds_none(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "True\n"
    with claimed(path) as mine:
        assert not mine
    holder.kill()
    holder.communicate()
    with claimed(path) as mine:
        assert mine
