"""The benchmark of what was tried beside the default: its variants, its pools, its table."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import variants
from benchmarks._diffusion import Diffusion
from benchmarks.cells import Key
from benchmarks.defaults import run
from benchmarks.variants import VARIANTS, imbalanced, table
from openal.strategies import KnownKMeans
from tests.test_benchmark_defaults import made


def test_the_usual_parts_are_the_default() -> None:
    rebuilt = variants.with_purity(variants.with_detector())
    cell = made(start="known")
    ours, same = (run(asks, cell, 0, 2)["accuracy"] for asks in (KnownKMeans(), rebuilt))
    assert ours == same


@pytest.mark.long
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_asks(name: str) -> None:
    assert len(run(VARIANTS[name](), made(start="cold"), 0, 3)["accuracy"]) == 4


def test_spread_answers_tell_near_neighbors_apart() -> None:
    cell = made(start="known")
    found = run(variants.with_purity(Diffusion()), cell, 0, 4)
    assert found["known"] > 0.6  # half of the pool is known


def test_an_imbalanced_cell_has_a_tenth_of_the_last_class() -> None:
    cell = made(start="known")
    thinned = imbalanced(cell, 0)
    before, after = (np.bincount(each.labels[each.labels >= 0]) for each in (cell, thinned))
    assert after[0] == before[0]
    assert 0 < after[-1] < before[-1] / 3
    assert (thinned.labels < 0).sum() == (cell.labels < 0).sum()
    assert np.array_equal(thinned.embeddings[thinned.first], cell.embeddings[cell.first])


def test_the_table_pairs_by_cell_and_seed() -> None:
    def one(strategy: str, cell: str, seed: int, *accuracy: float) -> dict[str, Any]:
        return {"strategy": strategy, "cell": cell, "seed": seed, "accuracy": [*accuracy]}

    runs = [one("KnownKMeans", cell, 0, 0.2, 0.4) for cell in "ab"]
    runs += [one("light", "a", 0, 0.2, 0.5), one("light", "b", 0, 0.2, 0.5)]
    runs += [one("light", "b", 1, 0.0, 0.0)]  # without a pair
    line = table(runs).splitlines()[1]
    assert " ".join(line.split()) == "light +5.0 ± 0.0 +10.0 ± 0.0 2 2 2"


def test_a_stopped_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(variants, "DEVELOPMENT", (Key("made", 0.5, "known"),))
    monkeypatch.setattr(variants, "cell", lambda _, share, start, seed: made(share, start, seed))
    given = ["--out", str(tmp_path / "runs"), "--seeds", "0", "1", "--answers", "small"]
    variants.main([*given, "--variants", "Random"])
    variants.main([*given, "--variants", "Random", "KnownKMeans", "--imbalanced"])
    assert len((tmp_path / "runs").read_text().splitlines()) == 2
    variants.main([*given, "--table"])
    assert "Random" in capsys.readouterr().out.splitlines()[-1]
