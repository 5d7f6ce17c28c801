"""The benchmark of whole queries: what it asks about, and its table."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchmarks.queries.pools as pools
from benchmarks.data import clip_like
from benchmarks.queries.__main__ import Size, main, missing
from benchmarks.queries.lean import LEAN
from benchmarks.queries.pools import asked
from openal.strategies import CLIPNAL, KnownKMeans, available


@pytest.fixture(autouse=True)
def without_real_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "clip_embeddings", clip_like)


SAME = ["Uncertainty", "LeastConfidenceSampling", "MarginSampling", "BALD", "MeanSTD", "Coreset"]


@pytest.mark.parametrize("name", SAME)
def test_a_lean_script_asks_the_same_where_nothing_is_drawn(name: str) -> None:
    problem = asked(300, 80)
    query = available()[name]().query(problem.pool, problem.labeled, 20, seed=0, progress=False)
    assert {*map(int, LEAN[name](problem, 20))} == {*query.indices.tolist()}


@pytest.mark.filterwarnings("ignore:Best performing initialization")
@pytest.mark.parametrize("name", LEAN)
def test_a_lean_script_asks_about_open_items(name: str) -> None:
    problem = asked(120, 40)
    script = np.unique([*map(int, LEAN[name](problem, 20))])
    assert len(script) == 20
    assert not np.isin(script, problem.answered).any()


@pytest.mark.parametrize("name", ["NEATPassive", "LfOSA"])
def test_a_lean_script_asks_nearly_the_same_where_ties_are_drawn(name: str) -> None:
    problem = asked(300, 80)
    query = available()[name]().query(problem.pool, problem.labeled, 60, seed=0, progress=False)
    assert len(np.intersect1d(query.indices, [*map(int, LEAN[name](problem, 60))])) > 30


def test_the_pool_offers_what_every_strategy_reads() -> None:
    problem = asked(50, 20)
    assert [name for name, kind in available().items() if missing(kind(), problem)] == []


def test_what_can_be_learned_from_embeddings_is_not_missing() -> None:
    problem = asked(50, 20, least=True)
    assert not missing(KnownKMeans(), problem)
    assert missing(CLIPNAL(), problem) == {"yes_cosines", "no_cosines"}


def test_a_table_is_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("benchmarks.queries.__main__.QUICK", [Size(50, 10), Size(60, 10, True)])
    assert main(["--quick", "--strategies", "Random", "CLIPNAL", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "queries-quick.txt").read_text() + "\n"
    assert [printed.count(f"| {name} |") for name in ("Random", "CLIPNAL")] == [2, 1]
