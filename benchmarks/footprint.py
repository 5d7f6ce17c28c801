"""What it costs to import a strategy and to ask it once, in a process of its own.

`python -m benchmarks.footprint [STRATEGY ...]`: a table with a line for each strategy. Its import
is CPU time and modules of ours, beyond torch. Memory is the peak of one query of 100 of 5,000 items
beyond what the process held before, with what it imports then; signals are arrays. Linux only.
"""

import argparse
import importlib
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.timing import peak_memory

__all__ = ["Footprint", "footprint"]

ITEMS, DIMENSIONS, BUDGET = 5_000, 512, 100
MIB = 2**20
HEAD = "| strategy | import, s | our modules | memory of a query, MiB |"


@dataclass(frozen=True)
class Footprint:
    """The import of a strategy and a query: CPU seconds, modules of openal, bytes."""

    strategy: str
    import_seconds: float
    modules: int
    query_bytes: int | None

    @property
    def line(self) -> str:
        """The line of the table."""
        memory = "" if self.query_bytes is None else f"{self.query_bytes / MIB:,.0f}"
        imported = f"{self.import_seconds:.2f} | {self.modules}"
        return f"| {self.strategy} | {imported} | {memory} |"


def footprint(name: str) -> Footprint:
    """That of a strategy, in a new process."""
    command = [sys.executable, "-m", "benchmarks.footprint", "--here", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return Footprint(**json.loads(done.stdout))


def _here(name: str) -> Footprint:
    """That of a strategy in this process, which must have imported torch and nothing of openal."""
    torch.zeros(2, 2) @ torch.zeros(2, 2)
    begun = time.process_time()
    kind = getattr(importlib.import_module("openal.strategies"), name)
    seconds = time.process_time() - begun
    modules = sum(module.partition(".")[0] == "openal" for module in sys.modules)
    pool, labeled = _world()
    strategy = kind()
    size, _ = peak_memory(lambda: strategy.query(pool, labeled, BUDGET, seed=0))
    return Footprint(name, seconds, modules, size)


def _world() -> tuple[Any, Any]:
    """Every standard signal as an array; a third of the items have an answer."""
    from openal.testing import world

    made = world(size=ITEMS, num_classes=4)
    rng = np.random.default_rng(0)
    wide = made.signals["embeddings"] @ rng.standard_normal((8, DIMENSIONS), np.float32)
    wide += rng.standard_normal(wide.shape, np.float32)
    made = made.offering({**made.signals, "embeddings": wide})
    return made.pool, made.labeled


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strategies", nargs="*", metavar="STRATEGY", help="which (all)")
    parser.add_argument("--here", metavar="STRATEGY", help="one, in this process, as JSON")
    given = parser.parse_args()
    if given.here is not None:
        print(json.dumps(asdict(_here(given.here))))
        return
    from openal.strategies import available

    print(HEAD, "|---|---|---|---|", sep="\n")
    for name in given.strategies or available():
        print(footprint(name).line, flush=True)


if __name__ == "__main__":
    main()
