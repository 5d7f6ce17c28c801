"""What a second thread costs where other programs have the cores.

`python -m benchmarks.loaded`: CPU seconds of each kernel at its quick size on two threads, as a
multiple of those on one, while a busy loop runs on every core. Threads that wait by spinning would
take many times as many.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

import torch

from benchmarks.kernels import all_rows
from benchmarks.names import refuse_unmatched
from benchmarks.row import Row

TURNS = 3


def spin() -> None:
    """Keep a core busy."""
    while True:
        pass


@contextmanager
def busy(count: int) -> Iterator[None]:
    """A busy loop on every core."""
    context = multiprocessing.get_context("spawn")
    loops = [context.Process(target=spin, daemon=True) for _ in range(count)]
    for each in loops:
        each.start()
    time.sleep(2)
    try:
        yield
    finally:
        for each in loops:
            each.kill()


def cpu_seconds(run: Any, threads: int) -> float:
    """Of one run with so many of torch's threads."""
    torch.set_num_threads(threads)
    before = time.process_time()
    run()
    return time.process_time() - before


def ratio(row: Row) -> tuple[float, float]:
    """CPU seconds on one thread, and how many times as many on two: medians of paired turns."""
    torch.set_num_threads(1)
    run = partial(row.ours, **row.make(**row.quick))
    run()
    turns = [(cpu_seconds(run, 1), cpu_seconds(run, 2)) for _ in range(TURNS)]
    return median(one for one, _ in turns), median(two / one for one, two in turns)


def main(given: Sequence[str] | None = None) -> None:
    """Print a line for each kernel."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loaded")
    parser.add_argument("--only", nargs="*", default=[], help="rows whose names hold one of these")
    only = parser.parse_args(given).only
    # a network's own operations are torch's
    rows = [row for row in all_rows() if "inference" not in row.name]
    refuse_unmatched(parser, "--only", only, [row.name for row in rows])
    print("| kernel | CPU seconds, one thread | two threads, times as many |\n|---|---|---|")
    with busy(os.cpu_count() or 1):
        for row in rows:
            if only and not any(part in row.name for part in only):
                continue
            seconds, times = ratio(row)
            print(f"| {row.name} | {seconds:.3f} | {times:.2f} |", flush=True)


if __name__ == "__main__":
    main()
