"""Which strategy to take: all of them on real pools, each beside Random on the same pool and seed.

`python -m benchmarks.defaults --out runs.jsonl` appends a line for each run and leaves out those
that are there: stop it, go on, run several beside each other with other `--cells`.
`python -m benchmarks.defaults --out runs.jsonl --table` prints the tables, `--plot FILE.png` the
differences to Random and four learning curves.
`--embeddings FILE.npz --known 10` takes your own: arrays `embeddings` [N, D] and `labels` [N].

The classifier is `EmbeddingClassifier`, fitted to the known answers after every query; accuracy is
on held-out items of known classes. "perfect purity" asks known items alone, at random.
"""

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import DEVELOPMENT, Cell, Key, Source, cell, drawn
from benchmarks.defaults_table import BOUND, plot, tables
from benchmarks.names import refuse_unknown
from openal import UNKNOWN, LabeledSet, Pool
from openal.learners import EmbeddingClassifier
from openal.query import QueryStrategy
from openal.strategies import Random, available

__all__ = ["PERFECT", "append", "finished", "run"]

PERFECT = BOUND
ROUNDS = 6
WITHOUT = ("CLIPNAL", "OpenPath", "PromptGate")  # they read texts, which these embeddings lack


def run(
    asks: QueryStrategy, made: Cell, seed: int, rounds: int = ROUNDS, *, known_only: bool = False
) -> dict[str, Any]:
    """The accuracy before the first query and after each, known answers, seconds of the queries."""
    labeled = LabeledSet(len(made.labels), made.num_classes)
    if len(made.first):
        labeled.add(made.first, made.labels[made.first])
    pool = Pool(None, embeddings=made.embeddings)
    candidates = np.flatnonzero(made.labels != UNKNOWN) if known_only else None
    accuracy, seconds = [], 0.0
    for number in range(rounds + 1):
        classifier = EmbeddingClassifier().fit(pool, labeled, seed=seed)
        accuracy.append(_accuracy(classifier, made))
        if number == rounds:
            break
        started = time.perf_counter()
        query = asks.query(
            pool.with_signals(logits=classifier, features=classifier),
            labeled,
            made.budget,
            candidates=candidates,
            seed=100 * seed + number,
            progress=False,
        )
        seconds += time.perf_counter() - started
        labeled.begin_round(query)
        labeled.add(query.indices, made.labels[query.indices])
    known = len(labeled.known_indices) / max(1, len(labeled))
    return {"accuracy": accuracy, "known": known, "seconds": seconds / rounds}


def _accuracy(classifier: Any, made: Cell) -> float:
    held_out = Pool(None, embeddings=made.test_embeddings)
    rows = np.arange(len(made.test_labels))
    logits = classifier.signals(held_out, rows, ("logits",), progress=False)["logits"]
    return float((logits.argmax(dim=1).cpu().numpy() == made.test_labels).mean())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, or print what is there."""
    given = _arguments(arguments)
    runs = finished(given.out)
    if given.table:
        print(tables(runs))
    if given.plot:
        plot(runs, given.plot)
    if given.table or given.plot:
        return
    done = {(each["cell"], each["seed"], each["strategy"]) for each in runs}
    for key, seed in product(_cells(given), range(*given.seeds)):
        missing = [name for name in given.strategies if (str(key), seed, name) not in done]
        made = _made(given, key, seed) if missing else None
        for name in missing if made else ():
            found = {"cell": str(key), "seed": seed, "strategy": name, **_attempt(name, made, seed)}
            append(given.out, json.dumps(found))
            told = found.get("error") or f"{found['accuracy'][-1]:.3f}"
            print(f"{key}, seed {seed}, {name}: {told:.60}")


def _attempt(name: str, made: Any, seed: int) -> dict[str, Any]:
    """What a run gives, or the error that ended it, which the table tells."""
    try:
        asks = available().get(name, Random)()
        return run(asks, made, seed, known_only=name == PERFECT)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def finished(path: Path) -> list[dict[str, Any]]:
    """The runs of the whole lines that are there; one may have been cut off."""
    runs = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        with suppress(json.JSONDecodeError):
            runs.append(json.loads(line))
    return runs


def append(path: Path, line: str) -> None:
    """Write the line by itself, also behind one that was cut off."""
    with path.open("a+b") as file:
        cut_off = file.tell() > 0 and path.read_bytes()[-1:] != b"\n"
        file.write(b"\n" * cut_off + line.encode() + b"\n")


def _cells(given: argparse.Namespace) -> Iterable[Key]:
    if given.embeddings is None:
        return [key for key in DEVELOPMENT if not given.cells or key.pool in given.cells]
    shares, starts = (0.2, 0.6, 0.9), ("cold", "random")
    return [Key(given.embeddings.stem, share, start) for share in shares for start in starts]  # type: ignore[arg-type]


def _made(given: argparse.Namespace, key: Key, seed: int) -> Cell:
    if given.embeddings is None:
        return cell(*key, seed)
    arrays = np.load(given.embeddings, allow_pickle=False)
    rows, labels = arrays["embeddings"].astype(np.float32), arrays["labels"].astype(np.int64)
    source = Source(given.embeddings.stem, given.known, budget=given.budget)
    generator = np.random.default_rng([seed, int(key.share * 100)])
    return drawn(source, rows, labels, rows[:0], key.share, key.start, generator)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [PERFECT, *(name for name in available() if name not in WITHOUT)]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.defaults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="the runs, a line of JSON each")
    parser.add_argument("--table", action="store_true", help="print the tables of what is there")
    parser.add_argument("--plot", type=Path, help="draw what is there into this file")
    parser.add_argument("--cells", nargs="+", metavar="NAME", help="pools (default: all)")
    parser.add_argument("--strategies", nargs="+", default=names, metavar="NAME")
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 3), metavar=("FROM", "TO"))
    parser.add_argument("--embeddings", type=Path, help="your own, an npz file")
    parser.add_argument("--known", type=int, default=10, help="with these: how many classes")
    parser.add_argument("--budget", type=int, default=40, help="with these: answers in a round")
    given = parser.parse_args(arguments)
    refuse_unknown(parser, "--strategies", given.strategies, names)
    refuse_unknown(parser, "--cells", given.cells, dict.fromkeys(key.pool for key in DEVELOPMENT))
    if given.cells and given.embeddings:
        parser.error("argument --cells: these name pools of ours; --embeddings takes your own.")
    return given


if __name__ == "__main__":
    main()
