"""A small grid, and what a process does that works on it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openal import Query
from openal.query import QueryStrategy
from openal.simulate import Conditions, LabeledData, compare_grid, conditions_at
from openal.simulate.grid import GridRuns
from openal.strategies import NEAT, Random

RNG = np.random.default_rng(0)
LABELS = np.arange(300) % 5
POINTS = (3 * np.eye(5)[LABELS] + RNG.normal(size=(300, 5))).astype(np.float32)
DATA = LabeledData(LABELS, embeddings=POINTS)
PROBLEMS = conditions_at(Conditions(12, rounds=2, budget=5), [0.4, 0.6], [0.2, 0.4])
SEEDS = [0, 1]


@dataclass(frozen=True, repr=False)
class Slow:
    """A strategy that takes its time, and writes down whenever it begins a run."""

    strategy: QueryStrategy
    log: Path | None = None
    seconds: float = 0.0

    def __repr__(self) -> str:
        return repr(self.strategy)

    def query(self, pool: Any, labeled: Any, budget: int, **options: Any) -> Query:
        """The query of the strategy, later."""
        if self.log is not None and len(labeled.history) == 1:
            with self.log.open("a") as file:
                file.write(f"{os.getpid()} {self!r} {len(pool)} {options['seed']}\n")
        time.sleep(self.seconds)
        return self.strategy.query(pool, labeled, budget, **options)


def play(folder: Path | None, log: Path | None = None, seconds: float = 0.0) -> GridRuns:
    """The runs of the grid."""
    strategies = {each: Slow(one, log, seconds) for each, one in (("R", Random()), ("N", NEAT()))}
    return compare_grid(strategies, DATA, PROBLEMS, SEEDS, folder=folder, progress=False)


def work(folder: Path, seconds: float, told: Any) -> None:
    """Plays the grid in `folder` from a word of the pipe on."""
    told.send("ready")
    told.recv()
    play(folder, Path(f"{folder}.log"), seconds)
