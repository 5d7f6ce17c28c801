"""From no answer at all, and from one of each class: who finds the classes that nobody has shown.

`python -m benchmarks.cold_starts`: CLIP ViT-B/32; 40 classes of Caltech-101 are known; its others,
Pets, Food and ImageNet are 60 % of the pool. Six queries of 40.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from benchmarks.names import refuse_unknown
from benchmarks.real_pools import NEEDS_TEXTS, four_data_sets
from openal.simulate import Conditions, LabeledData, Run, compare_grid
from openal.strategies import available

KINDS = "Random EAOA POAL NEAT LfOSA JSOSAL EOAL ProbCover TypiClust"


def conditions_of(first: int, data: LabeledData) -> Conditions:
    """The conditions with so many first answers: 0, or one of each known class."""
    caltech = tuple(name for name in data.names if name.startswith("caltech101: "))
    return Conditions(known=caltech[:40], ood_ratio=0.6, first=first, budget=40, rounds=6)


def classes_of(runs: Mapping[int, Run], data: LabeledData, known: frozenset[int]) -> float:
    """How many of the known classes the queries of a run reached; a mean over the seeds."""
    asked = (np.concatenate([*map(np.array, run.asked)]) for run in runs.values())
    return fmean(len(known & set(data.labels[indices].tolist())) for indices in asked)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each start."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_starts")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--strategies", nargs="*", default=KINDS.split(), help="names")
    given = parser.parse_args(arguments)
    kinds = {name: kind for name, kind in available().items() if name not in NEEDS_TEXTS}
    refuse_unknown(parser, "--strategies", given.strategies, kinds)
    strategies = {name: kinds[name]() for name in given.strategies}
    data, _ = four_data_sets()
    for first in (0, 40):
        started, conditions = time.perf_counter(), conditions_of(first, data)
        known = frozenset(map(data.names.index, map(str, conditions.known or ())))
        (runs,) = compare_grid(strategies, data, [conditions], range(given.seeds)).values()
        print(f"{first} first answers, 6 rounds of 40; mean of {given.seeds} seeds\n")
        print("| strategy | accuracy after each query | precision | classes asked about |")
        print("|---|---|---|---|")
        for name, by_seed in runs.items():
            curve = np.mean([run.accuracy[1:] for run in by_seed.values()], axis=0)
            shown = " ".join(f"{value:.2f}" for value in curve)
            precision = fmean(fmean(run.precision) for run in by_seed.values())
            reached = classes_of(by_seed, data, known)
            print(f"| {name} | {shown} | {precision:.2f} | {reached:.0f} |")
        print(f"\n{time.perf_counter() - started:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
