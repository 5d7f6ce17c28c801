"""The soak's command in small, and what its verdict finds in figures that are made up.

`OPENAL_SLOW=1` runs two hundred rounds on 20,000 items, some minutes for each strategy.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import soak
from benchmarks.soak_rounds import require_same
from benchmarks.soak_verdict import verdict, windows
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet

LINUX = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts these")

# --- the command


SMALL = {"--rounds": "8", "--items": "600", "--answers": "160", "--strategy": "NEAT"}
LARGER = {"--rounds": "200", "--items": "20000", "--answers": "10000"}


def ran(monkeypatch: pytest.MonkeyPatch, folder: Path, given: dict[str, str]) -> int:
    monkeypatch.setattr("benchmarks.soak_pool.four_data_sets", absent)
    arguments = [word for pair in given.items() for word in pair]
    return soak.main([*arguments, "--out", str(folder)])


def absent() -> None:
    raise SystemExit("the real embeddings are not there")


@pytest.mark.long
@LINUX
def test_the_command_writes_a_table_and_the_figures_of_every_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "elsewhere", lambda run, *given, **named: run(*given, **named))
    ran(monkeypatch, tmp_path, SMALL)
    shown = capsys.readouterr().out
    assert (tmp_path / "soak-neat.txt").read_text() + "\n" == shown
    assert "the new process asks for the same items" in shown
    figures = json.loads((tmp_path / "soak-neat.json").read_text())
    assert figures["rounds"]["answers"] == [20 * n for n in range(1, 9)]


@LINUX
@pytest.mark.skipif(not os.environ.get("OPENAL_SLOW"), reason="OPENAL_SLOW=1 runs 200 rounds")
@pytest.mark.parametrize("name", ["Random", "Uncertainty", "NEAT"])
def test_two_hundred_rounds_stay_within_every_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert ran(monkeypatch, tmp_path, {**LARGER, "--strategy": name}) == 0


# --- the verdict


FRESH = {"bytes_per_answer": 200.0, "query cpu": [1.0], "same": True}
FLAT = {"query cpu": 1.0, "add cpu": 0.1, "read": 1000, "private": 2**28, "files": 7, "threads": 1}
GROWN = {
    "memory": ("private", 2**20),
    "add": ("add cpu", 0.05),
    "read": ("read", 2**15),
    "query": ("query cpu", 0.2),
    "files": ("files", 1),
    "threads": ("threads", 1),
}


def recorded(name: str = "", more: float = 0) -> list[dict[str, Any]]:
    """Twenty rounds that are alike, but for one figure that grows in each."""
    rounds = [{**FLAT, "answers": 10 * n, "reopen": 0.1} for n in range(1, 21)]
    grown = {name} & {*FLAT}
    return [
        {**each, **{key: each[key] + n * more for key in grown}} for n, each in enumerate(rounds)
    ]


def test_rounds_that_are_alike_pass() -> None:
    assert all(each.good for each in verdict(recorded(), FRESH))


@pytest.mark.parametrize("case", GROWN)
def test_a_figure_that_grows_is_found(case: str) -> None:
    assert [each.good for each in verdict(recorded(*GROWN[case]), FRESH)].count(False) == 1


def test_other_items_are_found() -> None:
    assert not all(each.good for each in verdict(recorded(), {**FRESH, "same": False}))


def test_the_table_tells_of_the_start_the_quarters_and_the_end() -> None:
    shown = [f"{each.start + 1}-{each.stop}" for each in windows(200)]
    assert shown == ["1-10", "41-50", "91-100", "141-150", "191-200"]


# --- the answers


def test_a_ledger_that_lost_an_answer_stops_the_soak() -> None:
    labeled, truth = LabeledSet(4, classes=2), np.array([1, UNKNOWN, SKIPPED, 0])
    labeled.add([3, 0, 2], truth[[3, 0, 2]])
    require_same(labeled, np.array([3, 0, 2]), truth)
    for asked in ([3, 0], [0, 3, 2], [3, 0, 2, 1]):  # one less, another order, one more
        with pytest.raises(SystemExit, match="are not what was answered"):
            require_same(labeled, np.array(asked), truth)


@pytest.mark.parametrize("given", [["--rounds", "3"], ["--rounds", "7"]], ids=["few", "uneven"])
def test_rounds_that_cannot_be_compared_are_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(given)
