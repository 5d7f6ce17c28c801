"""Every strategy that runs on embeddings, in a pool with few unknown items and in one with many.

`python -m benchmarks.ood_ratios`: CLIP ViT-B/32; 20 breeds of Oxford-IIIT Pets are known; the other
17, Caltech-101 and Food-101 are not, and are 20 % and 60 % of the pool. CLIPNAL, which needs class
texts, is in `benchmarks.purities`.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.names import refuse_unknown
from benchmarks.real_pools import NEEDS_TEXTS, four_data_sets
from openal.simulate import Conditions, LabeledData, compare_grid
from openal.simulate._summary import table
from openal.strategies import available

RATIOS = (0.2, 0.6)


def breeds() -> tuple[LabeledData, tuple[str, ...]]:
    """The items of Pets, Caltech and Food, and the names of the breeds that are known."""
    data, embeddings = four_data_sets()
    kept = np.flatnonzero(~np.char.startswith(np.array(data.names)[data.labels], "imagenet: "))
    pets = [name for name in data.names if name.startswith("oxford_pets: ")]
    return LabeledData(data.labels[kept], names=data.names, embeddings=embeddings[kept]), tuple(
        pets[:20]
    )


def pools(known: tuple[str, ...]) -> Iterator[Conditions]:
    """The conditions of both pools."""
    for ratio in RATIOS:
        yield Conditions(known=known, ood_ratio=ratio, first=40, budget=40, rounds=10)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each share of unknown items."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ood_ratios")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--strategies", nargs="*", help="names (default: all)")
    given = parser.parse_args(arguments)
    kinds = {name: kind for name, kind in available().items() if name not in NEEDS_TEXTS}
    refuse_unknown(parser, "--strategies", given.strategies, kinds)
    data, known = breeds()
    for conditions in pools(known):
        started = time.perf_counter()
        strategies = {name: kinds[name]() for name in given.strategies or kinds}
        (runs,) = compare_grid(strategies, data, [conditions], range(given.seeds)).values()
        split = conditions.split(data.labels, data.names, 0)
        print(
            f"{split.ood_ratio:.0%} of the pool of {len(split.pool)} are unknown; "
            f"{conditions.first} first answers, {conditions.rounds} rounds of "
            f"{conditions.budget}; mean ± sd of {given.seeds} seeds\n\n{table(runs)}\n\n"
            f"{time.perf_counter() - started:.0f} s\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
