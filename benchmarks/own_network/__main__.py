"""Does purity raise accuracy? A network trained on the images, embeddings that only choose.

`python -m benchmarks.own_network cifar10 --side 16 --minutes 25`: a small CNN from scratch in each
round, on CIFAR-10 pixels; MobileNetV2 embeddings choose; 40, 60 and 80 % unknown. Killed and
started again it goes on; several processes may share `--out`. `--minutes` begins no seed that would
end later, if it takes as long as the one before.
`--strategies "KnownKMeans, two clusters" ...` also runs what `benchmarks.variants` tries, and
`--beside KnownKMeans` pairs with that in place of Random.
`--task tuned`: two layers trained behind MobileNetV2; `--task linear`: one.
`python -m benchmarks.own_network cifar10-jpeg --task resnet9 --minutes 9`: for a GPU.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.names import refuse_unknown
from benchmarks.own_network.data import DATA, Images
from benchmarks.own_network.plan import (
    PLANS,
    TASKS,
    Plan,
    compared,
    conditions,
    names,
    task_network,
)
from benchmarks.own_network.tables import summary, written
from benchmarks.variants import OURS, VARIANTS
from openal.query import QueryStrategy
from openal.simulate import compare_grid
from openal.simulate.bounds import BASELINE
from openal.simulate.grid import GridRuns

__all__ = ["arguments", "main", "runs_of"]

RESULTS = Path(__file__).parents[1] / "results"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_network", description=__doc__)
    parser.add_argument("data", choices=DATA)
    parser.add_argument("--task", choices=TASKS, default="cnn")
    parser.add_argument("--side", type=int, choices=(16, 32), default=32, help="pixels (32)")
    parser.add_argument("--seeds", type=int, default=10, help="how many at most (10)")
    parser.add_argument("--minutes", type=float, help="begin no seed that would end later")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help="some of them (all)")
    parser.add_argument("--ood-ratio", nargs="+", type=float, metavar="SHARE", help="some of them")
    parser.add_argument("--beside", default=BASELINE, metavar="NAME", help="pair with it (Random)")
    parser.add_argument("--out", type=Path, help="folder of runs, to go on with")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the tables")
    options = parser.parse_args(given)
    there = dict.fromkeys([*names(options.task), *_variants()])
    refuse_unknown(parser, "--strategies", options.strategies, there)
    refuse_unknown(parser, "--beside", [options.beside], there)
    return options


def runs_of(given: argparse.Namespace, images: Images, plan: Plan) -> GridRuns:
    """The runs at as many seeds as the time allows, at least one."""
    task = task_network(given.task, images, given.side, plan)
    grid, methods = conditions(plan, task), compared(task)
    known = {**_variants(), **methods}
    chosen = {name: known[name] for name in given.strategies or methods}
    settings = {"data": given.data, "side": given.side, "items": len(images.train)}
    until = time.monotonic() + 60 * (given.minutes or 1e9)
    runs: GridRuns = {}
    last = 0.0
    for seeds in range(1, given.seeds + 1):
        begun = time.monotonic()
        if runs and begun + last > until:
            break
        runs = compare_grid(
            chosen,
            images.train,
            grid,
            range(seeds),
            test=images.test,
            folder=given.out,
            settings=settings,
        )
        last = time.monotonic() - begun
    return runs


def _variants() -> dict[str, QueryStrategy]:
    """What was tried beside the default, by the default's name and its own."""
    return {f"{OURS}, {name}": make() for name, make in VARIANTS.items()}


def main(given: list[str] | None = None, plan: Plan | None = None) -> None:
    """Run what is left, print the tables and write them."""
    options = arguments(given)
    torch.set_num_threads(1)
    started, name = time.monotonic(), f"own_network-{options.data}-{options.side}-{options.task}"
    options.out = options.out or Path(f"openal-{name}")
    images = DATA[options.data](options.side)
    plan = plan or PLANS[options.data]
    plan = replace(plan, ood_ratio=tuple(options.ood_ratio or plan.ood_ratio))
    runs = runs_of(options, images, plan)
    title = f"{options.data}, {options.side} px, {options.task}"
    text = summary(runs, images.train.labels, plan, title, options.beside)
    text += f"\n{time.monotonic() - started:.0f} s\n"
    print(text)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{name}.txt").write_text(text, encoding="utf-8")
    written(runs, images.train.labels, plan, options.results / f"{name}.json")


if __name__ == "__main__":
    main()
