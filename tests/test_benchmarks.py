"""The benchmarks run: their harness with a row that is made up, their rows at a toy size."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.__main__ import main, planned, results
from benchmarks.kernels import all_rows
from benchmarks.limits import device_limits, limit_seconds, limits
from benchmarks.machine import version
from benchmarks.measure import measured
from benchmarks.on_device import on_device
from benchmarks.row import Agreement, Arrays, Peer, Row, Unavailable, Work
from benchmarks.timing import exponent, pairs, peak_memory, total_seconds
from tests.walking import walked

LIMITS = {"gemm": 1e9, "read": 1e9}
SIZE = {"n": 80, "budget": 9}
ROWS = {row.name: row for row in all_rows()}


def made(n: int, budget: int) -> Arrays:
    return {"values": torch.arange(n), "budget": budget}


def last(values: Tensor, budget: int) -> int:
    return int(values[-1])


def wrong(values: Tensor, budget: int) -> int:
    return -1


def same(mine: int, theirs: int, **_: object) -> Agreement:
    return Agreement(mine == theirs, f"{mine} and {theirs}")


def least(n: int, budget: int) -> Work:
    return Work(bytes=n)


PEERS = {
    "right": Peer(last),
    "greedy": Peer(last, steps=(1, 2)),
    "absent": Peer(last, needs="no-such-package"),
}
ROW = Row("toy", made, last, PEERS, same, least, toy=SIZE, quick=SIZE, full=SIZE)


@pytest.fixture(autouse=True)
def five_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.timing.ENOUGH", 0.0)


def written(folder: Path) -> dict[str, object]:
    return json.loads((folder / "performance-quick.json").read_text())["rows"][0]


@pytest.mark.long
def test_the_command_writes_a_table_json_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.__main__.limits", lambda: limits(side=64, elements=1000))
    assert main(["--quick", "--out", str(tmp_path)], [ROW]) == 0
    shown = capsys.readouterr().out
    assert "projected from 1 and 2 steps" in shown and "no-such-package is not installed" in shown
    assert (tmp_path / "performance-quick.txt").read_text() + "\n" == shown
    assert [peer["name"] for peer in written(tmp_path)["peers"]] == ["right", "greedy"]
    assert (tmp_path / "performance-quick.png").stat().st_size > 0


@pytest.mark.long
def test_another_result_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.__main__.limits", lambda: LIMITS)
    assert main(["--quick", "--out", str(tmp_path)], [replace(ROW, peers={"w": Peer(wrong)})]) == 1
    assert "**no**: 79 and -1" in capsys.readouterr().out


@pytest.mark.long
def test_growth_is_measured_at_four_sizes() -> None:
    record = measured(ROW, SIZE, LIMITS)
    assert sorted(record["growth"]) == [10, 20, 40, 80]
    assert record["limit_seconds"] == pytest.approx(80e-9)


def test_real_embeddings_are_one_size_more() -> None:
    names = [row.name for row, _ in planned([replace(ROW, real={"n": 3})], "quick")]
    assert names == ["toy", "toy, real CLIP"]


def test_without_a_gpu_the_command_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--device nowhere is not here"):
        main(["--quick", "--device", "nowhere", "--out", str(tmp_path)], [ROW])
    assert not [*tmp_path.iterdir()]


@pytest.mark.long
def test_the_command_on_a_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "benchmarks.__main__.device_limits", partial(device_limits, side=64, elements=9)
    )
    assert main(["--quick", "--device", "cpu:0", "--out", str(tmp_path)], [ROW]) == 0
    assert capsys.readouterr().out.startswith("$ python -m benchmarks --quick --device cpu:0\n")
    assert (tmp_path / "performance-quick-cpu:0.json").exists()


def test_what_does_not_run_on_a_device_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    numpy_alone = Peer(lambda values, budget: int(values.numpy()[-1]))
    row = on_device(replace(ROW, peers={"numpy": numpy_alone, "right": Peer(with_shape)}), "meta")
    assert row.quick == {"n": 640, "budget": 9}
    arrays = row.make(**SIZE)
    assert row.peers["right"].run(**arrays) == 80
    with pytest.raises(Unavailable, match="not on meta: can't convert meta"):
        row.peers["numpy"].run(**arrays)
    assert results([(row, SIZE)], LIMITS) == []
    assert "toy is skipped: not on meta" in capsys.readouterr().err


def with_shape(values: Tensor, budget: int) -> int:
    return len(values)


def test_no_row_begins_when_the_minutes_are_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert results([(ROW, SIZE)], LIMITS, minutes=-1) == []
    assert "toy is left out: -1 minutes are over" in capsys.readouterr().err


def test_a_total_is_projected_from_two_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.timing.seconds", lambda run: 7 + 2 * run.keywords["budget"])
    peer = Peer(last, steps=(3, 5))
    assert total_seconds(peer, {"budget": 100}) == 207
    assert total_seconds(peer, {"budget": 4}) == 15


@pytest.mark.long
def test_pairs_take_turns_and_give_medians() -> None:
    turns: list[str] = []
    times = iter([1.0, 2.0, 1.0, 4.0, 1.0, 6.0, 1.0, 8.0, 1.0, 90.0])

    def take(name: str) -> float:
        turns.append(name)
        return next(times)

    found = pairs(lambda: take("ours"), lambda: take("theirs"))
    assert (found.ours, found.theirs, found.ratio) == (1.0, 6.0, 6.0)
    assert turns == ["ours", "theirs"] * found.count and found.count == 5


@pytest.mark.long
def test_a_slow_pair_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.timing.SLOW", -1.0)
    assert pairs(lambda: 1.0, lambda: 2.0).count == 1


@pytest.mark.long
def test_memory_is_what_a_run_holds_at_its_peak() -> None:
    held, result = peak_memory(lambda: len(bytearray(64 * 2**20)))
    assert result == 64 * 2**20
    assert held is None or 60 * 2**20 < held < 80 * 2**20


def test_an_exponent_is_the_slope_in_logarithms() -> None:
    assert exponent([1, 2, 4, 8], [3, 12, 48, 192]) == pytest.approx(2)


def test_the_limit_is_the_time_of_both_kinds_of_work() -> None:
    assert limit_seconds(Work(flops=3e9, bytes=2e9), LIMITS) == 5


@pytest.mark.long
@pytest.mark.parametrize("name", ROWS)
def test_every_peer_agrees_at_toy_size(name: str) -> None:
    row = ROWS[name]
    try:
        arrays = row.make(**row.toy)
    except SystemExit as absent:  # the real images are not there
        pytest.skip(str(absent))
    result = row.ours(**arrays)
    for peer in row.peers.values():
        if not peer.needs:  # what is optional may be slow to import, or warn
            found = row.agree(result, peer.run(**arrays), **arrays)
            assert found.same, found.how


@walked
@pytest.mark.parametrize("name", ROWS)
def test_every_size_says_how_much_work_it_is(name: str) -> None:
    row = ROWS[name]
    assert limit_seconds(row.work(**row.quick), LIMITS) <= limit_seconds(
        row.work(**row.full), LIMITS
    )


def test_a_version_is_that_of_what_is_installed() -> None:
    assert version("torch") and version("no-such-package") is None
