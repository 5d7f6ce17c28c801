"""Hundreds of rounds on one large pool: does a round cost more than its answers explain?

`python -m benchmarks.soak --strategy NEAT`: 200 rounds of 500 answers, 200,000 items, one thread;
a ledger on disk that ends with 100,000 answers. Five people answer each round, every call waits
for the disk. Writes the table, the verdict and the figures of every round into `--out`; 1 where
one of them is over its bound. Linux only; best on a machine that does nothing else.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from benchmarks.__main__ import RESULTS
from benchmarks.machine import description, summary
from benchmarks.soak_pool import SoakPool, made
from benchmarks.soak_rounds import Record, afresh, rounds_of
from benchmarks.soak_verdict import table, verdict, windows
from openal.strategies import available


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--strategy", default="Uncertainty", choices=sorted(available()))
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--answers", type=int, default=100_000, help="at the end of all rounds")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder (default: results)")
    options = parser.parse_args(given)
    if options.rounds < 4 or options.answers % options.rounds:
        parser.error("--rounds must be 4 or more, and divide --answers.")
    return options


def soak(data: SoakPool, options: argparse.Namespace, path: Path) -> tuple[list[Record], Record]:
    """The rounds in this process, then the last of them in a new one."""
    budget, records = options.answers // options.rounds, []
    reopen = max(1, options.rounds // 4)
    for record in rounds_of(
        data, options.strategy, path, rounds=options.rounds, budget=budget, reopen=reopen
    ):
        records.append(record)
        if record["round"] % reopen == 0:
            print(f"{record['round']} rounds", file=sys.stderr, flush=True)
    last = len(windows(options.rounds)[-1])
    return records, elsewhere(afresh, data, options.strategy, path, last=last)


def elsewhere(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """The result of a function that runs in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *given, **options).result()


def columns(records: list[Record]) -> dict[str, list[float | None]]:
    """The figures by name, one for each round, or None."""
    names = {name: None for record in records for name in record}
    figures = {name: [record.get(name) for record in records] for name in names}
    return {name: [round(x, 6) if x else x for x in values] for name, values in figures.items()}


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 where a figure is over its bound."""
    options = arguments(given)
    torch.set_num_threads(1)
    machine = description()
    with tempfile.TemporaryDirectory() as folder:
        data = elsewhere(made, Path(folder), options.items)
        records, fresh = soak(data, options, Path(folder) / "answers.db")
    findings = verdict(records, fresh)
    command = "python -m benchmarks.soak " + " ".join(
        f"--{name} {getattr(options, name)}" for name in ("strategy", "rounds", "items", "answers")
    )
    shown = (
        f"$ {command}\n# {summary(machine)}\n# {options.items:,} items from {data.source}\n\n"
        f"{table(records)}\n\n" + "\n".join(map(str, findings)) + "\n"
    )
    print(shown)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"soak-{options.strategy.lower()}.txt"
    path.write_text(shown, encoding="utf-8")
    everything = {
        "command": command,
        "machine": machine,
        "fresh": fresh,
        "rounds": columns(records),
    }
    path.with_suffix(".json").write_text(json.dumps(everything) + "\n", encoding="utf-8")
    return int(any(not each.good for each in findings))


if __name__ == "__main__":
    sys.exit(main())
