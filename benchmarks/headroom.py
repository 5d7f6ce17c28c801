"""What purity could gain at all in the tables of docs/results.md: perfect purity less Random.

`python -m benchmarks.headroom`: in every condition of these tables, at their seeds, with the
logistic classifier on embeddings that they have. Less than two points of AUBC decide nothing.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence

from benchmarks import claims, ood_ratios, real_pools
from openal.simulate import Conditions, LabeledData, compare_grid, conditions_at
from openal.simulate._differences import decides_nothing, headroom, points
from openal.simulate.bounds import BOUNDS
from openal.simulate.datasets._sources import digits
from openal.strategies import Random

Table = tuple[LabeledData, LabeledData | None, Sequence[Conditions]]


def handwritten() -> Table:
    """The conditions of `openal simulate` without arguments."""
    return digits().load(), None, [Conditions(first=40)]


def grid(name: str) -> Table:
    """The papers' grid on CLIP embeddings or on CIFAR-10."""
    make: Callable[[], tuple[LabeledData, LabeledData | None, object, dict[str, int]]]
    make = {"clip": claims.clip, "cifar10": claims.cifar10}[name]
    data, test, _, answers = make()
    conditions = Conditions(**answers, rounds=9, protocol="clipnal")
    return data, test, conditions_at(conditions, claims.MISMATCH, claims.OOD)


def pool(name: str) -> Table:
    """A pool of `benchmarks.real_pools`."""
    data, conditions = real_pools.POOLS[name]()
    return data, None, [conditions]


def few_and_many() -> Table:
    """The pools of `benchmarks.ood_ratios`."""
    data, known = ood_ratios.breeds()
    return data, None, [*ood_ratios.pools(known)]


TABLES: dict[str, Callable[[], Table]] = {
    "handwritten digits": handwritten,
    "few and many unknown": few_and_many,
    "four data sets": lambda: pool("clip"),
    "the papers' grid, CLIP": lambda: grid("clip"),
    "the papers' grid, CIFAR-10": lambda: grid("cifar10"),
    "Tiny-ImageNet": lambda: pool("tiny-imagenet"),
}


def lines(table: Table, seeds: int) -> Iterator[str]:
    """For each condition the headroom with a 95 % interval, and whether it decides."""
    data, test, conditions = table
    name, bound = next(iter(BOUNDS.items()))
    methods = {"Random": Random(), name: bound}
    for (mismatch, ratio), runs in compare_grid(
        methods, data, conditions, range(seeds), test=test
    ).items():
        gain = headroom(runs)
        assert gain is not None
        word = "decides nothing" if decides_nothing(gain) else ""
        share = "all" if ratio is None else f"{ratio:.0%}"
        yield f"  mismatch {mismatch:.0%}, unknown {share:>4}: {points(gain):>12}  {word}".rstrip()


def main() -> None:
    """Print the headroom of every table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.headroom")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=[*TABLES])
    given = parser.parse_args()
    print(f"perfect purity less Random, points of AUBC, 95 % intervals, {given.seeds} seeds")
    for name in given.tables:
        print(f"\n{name}")
        for line in lines(TABLES[name](), 5 if name == "handwritten digits" else given.seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
