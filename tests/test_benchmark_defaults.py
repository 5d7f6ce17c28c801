"""The benchmark of the default: its cells, its runs that go on, its tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import defaults
from benchmarks.cells import Cell, Source, drawn
from benchmarks.defaults_table import plot, tables
from openal.simulate.metrics import aubc
from openal.strategies import Random

ROWS = np.random.default_rng(0).normal(size=(300, 4)).astype("f4") + 3 * np.eye(12, 4)[
    np.arange(300) % 12
].astype("f4")


def made(share: float = 0.5, start: Any = "cold", seed: int = 0) -> Cell:
    source = Source("made", 4, near_share=0.5, per_class=2, budget=5)
    far, generator = ROWS[:80] + 9, np.random.default_rng(seed)
    return drawn(source, ROWS, np.arange(300) % 12, far, share, start, generator)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_cell_has_its_share_of_unknown_items(share: float) -> None:
    cell = made(share)
    assert (cell.labels < 0).mean() == pytest.approx(share, abs=0.03)
    assert {*cell.labels} == {*range(4), -1}
    assert {*cell.test_labels} == {*range(4)}


def test_a_cell_starts_as_it_says() -> None:
    assert len(made(start="cold").first) == 0
    assert len(made(start="random").first) == 5
    known = made(start="known")
    assert np.bincount(known.labels[known.first]).tolist() == [2, 2, 2, 2]


def test_nothing_that_is_tested_is_in_the_pool() -> None:
    cell = made()
    assert not (cell.test_embeddings[:, None] == cell.embeddings).all(axis=2).any()


def test_a_cell_is_its_seeds() -> None:
    assert np.array_equal(made(seed=1).embeddings, made(seed=1).embeddings)
    assert not np.array_equal(made(seed=1).embeddings[:9], made(seed=2).embeddings[:9])


def test_perfect_purity_asks_known_items_alone() -> None:
    found = defaults.run(Random(), made(), 0, 2, known_only=True)
    assert found["known"] == 1
    assert len(found["accuracy"]) == 3
    assert defaults.run(Random(), made(), 0, 2)["known"] < 1


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command on embeddings of the user's, and gives the lines of its file."""
    out, file = tmp_path / "runs.jsonl", tmp_path / "mine.npz"
    np.savez(file, embeddings=ROWS, labels=np.arange(300) % 12)
    given = f"x --out {out} --embeddings {file} --known 4 --budget 3 --seeds 0 1".split()

    def go(*options: str) -> list[str]:
        monkeypatch.setattr("sys.argv", [*given, *options])
        defaults.main()
        return out.read_text().splitlines()

    go.out = out  # type: ignore[attr-defined]
    return go


def test_a_stopped_run_goes_on(command: Any) -> None:
    lines = command("--strategies", "Random", "KnownKMeans")
    assert len(lines) == 12  # six cells
    command.out.write_text("".join(f"{line}\n" for line in lines[:5]) + lines[5][:20])
    command("--strategies", "Random", "KnownKMeans")
    again = defaults.finished(command.out)
    stable = [{k: v for k, v in run.items() if k != "seconds"} for run in again]
    first = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
    assert stable == first


def test_a_run_that_fails_is_told(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "run", lambda *_, **__: 1 / 0)
    lines = command("--strategies", "Random")
    assert json.loads(lines[0])["error"] == "ZeroDivisionError: division by zero"
    assert "failed: Random, mine 20% cold" in tables([json.loads(line) for line in lines])


def record(strategy: str, cell: str, seed: int, *accuracy: float) -> dict[str, Any]:
    return {
        "strategy": strategy,
        "cell": cell,
        "seed": seed,
        "known": 0.5,
        "seconds": 1.0,
        "accuracy": list(accuracy),
    }


RUNS = [
    *(record("Random", cell, seed, 0.1, 0.3, 0.5) for cell in "ab" for seed in (0, 1)),
    *(record("Ours", "a", seed, 0.1, 0.5, 0.7) for seed in (0, 1)),
    *(record("Ours", "b", seed, 0.1, 0.3, 0.4) for seed in (0, 1)),
    *(record("perfect purity", "a", seed, 0.1, 0.9, 0.9) for seed in (0, 1)),
]


def test_the_table_holds_paired_differences_and_wins_by_cell() -> None:
    line = next(line for line in tables(RUNS).splitlines() if line.startswith("Ours"))
    assert aubc([0.1, 0.3, 0.5]) == pytest.approx(0.3)
    mean, half = 100 * (0.15 - 0.025) / 2, 12.706 * 100 * 0.175 / np.sqrt(2) / np.sqrt(2)
    assert line.split() == [
        *("Ours", f"{mean:+.1f}", "±", f"{half:.1f}", "+5.0", "±", "190.6"),
        *("1", "1", "75%", "1.00", "4"),
    ]


def test_a_cell_without_headroom_decides_nothing() -> None:
    flat = [record("perfect purity", "b", seed, 0.1, 0.3, 0.5) for seed in (0, 1)]
    lines = tables([*RUNS, *flat]).splitlines()
    assert any(line.startswith("b: ") and "decides nothing" in line for line in lines)
    assert any(line.startswith("a: ") and "decides nothing" not in line for line in lines)


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    plot(RUNS, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000
