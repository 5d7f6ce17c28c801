"""Times the whole query of each strategy: its plan, the signals it reads, scores and selection.

`python -m benchmarks.queries --quick` takes some minutes, `--full` an hour. Each strategy with its
defaults asks about 100 items, in turns with a lean script of the same mathematics (`lean.py`) and
with the query of scikit-activeml. The pool holds every signal as an array, so that nothing is
trained; but of two million items it has only embeddings, features and logits, and what else a
strategy reads is trained on embeddings. Vectors are real CLIP's up to 13,000 items.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.machine import description, summary, version
from benchmarks.names import refuse_unknown
from benchmarks.queries.lean import LEAN
from benchmarks.queries.peers import PEERS
from benchmarks.queries.pools import Asked, asked
from benchmarks.report import mebibytes
from benchmarks.report import seconds as shown
from benchmarks.row import Peer
from benchmarks.timing import pairs, peak_memory, seconds, total_seconds
from openal import QueryStrategy
from openal._files import write_whole
from openal.strategies import available

__all__ = ["main"]

RESULTS = Path(__file__).parents[1] / "results"
BUDGET = 100
LONGEST = 90.0
"""Seconds that a query may be expected to take at a size; a slower one is left out there."""


class Size(NamedTuple):
    """Items, answers; of `least` only the plain signals, with embeddings of 64 numbers."""

    n: int
    answers: int
    least: bool = False


QUICK = (Size(100, 40), Size(2_000, 100), Size(2_000, 1_000), Size(20_000, 1_000))
FULL = (
    *QUICK,
    Size(20_000, 10_000),
    Size(200_000, 10_000),
    Size(200_000, 50_000),
    Size(2_000_000, 1_000, least=True),
)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_const", const="quick", dest="size")
    size.add_argument("--full", action="store_const", const="full", dest="size")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help="some of them (all)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder (default: results)")
    options = parser.parse_args(given)
    refuse_unknown(parser, "--strategies", options.strategies, available())
    return options


def lines(sizes: Sequence[Size], names: Sequence[str]) -> Iterator[str]:
    """The table, a line at a time."""
    yield "| strategy | N | answers | vectors | ours | lean / ours | peer / ours | memory | same |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name in names:
        strategy, per_item = available()[name](), 0.0
        for size in sizes:
            if size.n * per_item > LONGEST:
                yield f"| {name} | {size.n:,} | {size.answers:,} | left out: too slow | | | | | |"
                continue
            problem = asked(*size[:2], width=64 if size.least else 512, least=size.least)
            if missing(strategy, problem):
                continue
            taken, line = compared(name, strategy, problem)
            per_item = taken / size.n
            yield line


def missing(strategy: QueryStrategy, problem: Asked) -> set[str]:
    """What the strategy reads that the pool neither offers nor can learn from embeddings."""
    chain = getattr(strategy, "chain", None)
    learned = {
        name
        for learner in getattr(chain, "learners", ())
        if {*learner.reads} <= {*problem.signals}
        for name in learner.offers
    }
    return {*getattr(strategy, "reads", ())} - learned - {*problem.signals}


def compared(name: str, strategy: QueryStrategy, problem: Asked) -> tuple[float, str]:
    """The seconds of a query, and its line."""

    def ours() -> Any:
        return strategy.query(problem.pool, problem.labeled, BUDGET, seed=0, progress=False)

    budget = min(BUDGET, len(problem.rows))
    given = {"asked": problem, "budget": budget}
    ours()
    memory, query = peak_memory(ours)
    taken = median(seconds(ours) for _ in range(3))
    cells, same = ["", ""], ""
    if name in LEAN:
        lean = Peer(LEAN[name])
        cells[0] = ratio(ours, lean, given)
        same = str(len({*map(int, lean.run(**given))} & {*query.indices.tolist()}))
    if name in PEERS and version(PEERS[name].needs):
        cells[1] = ratio(ours, PEERS[name], given)
    size = [f"{problem.labeled.size:,}", f"{len(problem.answered):,}", problem.vectors]
    return taken, f"| {' | '.join([name, *size, shown(taken), *cells, mebibytes(memory), same])} |"


def ratio(ours: Any, peer: Peer, given: dict[str, Any]) -> str:
    """Their time by ours, the median within pairs that ran in turns."""
    turns = pairs(partial(seconds, ours), partial(total_seconds, peer, given))
    projected = " (projected)" if peer.steps and given["budget"] > peer.steps[1] else ""
    return f"{turns.ratio:.3g}{projected}"


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print, and write the table."""
    options = arguments(given)
    sizes = QUICK if options.size == "quick" else FULL
    told = [f"$ python -m benchmarks.queries --{options.size}", f"# {summary(description())}", ""]
    for line in lines(sizes, options.strategies or [*available()]):
        print(line, file=sys.stderr, flush=True)
        told.append(line)
    text = "\n".join(told) + "\n"
    print(text)
    write_whole(options.out / f"queries-{options.size}.txt", text.encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
