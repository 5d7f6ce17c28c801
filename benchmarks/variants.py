"""What was tried beside `KnownKMeans`: variants of its parts, paired by pool and seed.

`python -m benchmarks.variants --out runs.jsonl` appends a line for each run and leaves out those
that are there; `--table` prints the paired differences to `KnownKMeans`. `--answers small` asks 12
rounds of 5, `many` 5 rounds of 300; `usual` is that of `benchmarks.defaults`. `--imbalanced` leaves
of the known class k a share of .1^(k / (K - 1)). The pools are the development cells, or four of
9,800 to 15,000 items (`--large`).
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks._diffusion import Diffusion
from benchmarks.cells import DEVELOPMENT, LARGE, Cell, cell
from benchmarks.defaults import PERFECT, append, finished, run
from benchmarks.defaults_table import interval
from benchmarks.names import refuse_unknown
from openal.learners import EmbeddingClassifier, EmbeddingDetector
from openal.purity import DetectorProbability, KernelShare, KnownProbability
from openal.query import Chain, Query, QueryStrategy
from openal.selection import GeometricMean, Note, Power, Product
from openal.simulate.metrics import aubc
from openal.strategies import JSOSAL, KnownKMeans, ProbCover, Random
from openal.view import Score

__all__ = ["OURS", "VARIANTS", "main", "table"]

OURS = "KnownKMeans"
ROUNDS = {"usual": (None, 6), "small": (5, 12), "many": (300, 5)}
"""Questions in a round (None: the cell's own), and rounds."""


def with_purity(purity: Score, *learners: Any, exponent: float = 2.0) -> Chain:
    """`KnownKMeans` with another purity, or another exponent of it."""
    spread: Any = KnownKMeans().plan().stages[-1]
    margin = spread.weight.scores[-1]
    where = Product(Power(purity, exponent=exponent), margin)
    spread = replace(spread, weight=where, pick=purity)
    return Chain(Note(purity), spread, learners=(*learners, EmbeddingClassifier()))


def with_detector(*more: Score) -> Score:
    """The usual purity, or with more in the mean."""
    near = KernelShare()
    return GeometricMean(near, DetectorProbability(near), *more)


def without_detector(score: Score) -> Score:
    """The purity with another score for the detector's probability."""
    return GeometricMean(KernelShare(), score)


def class_weighted(exponent: float) -> Chain:
    """With the detector that JSOSAL trains: weighted classes, temperature one half."""
    detector = EmbeddingDetector(temperature=0.5, class_weights=True)
    return with_purity(with_detector(), detector, exponent=exponent)


@dataclass(frozen=True)
class ByShare:
    """Two clusters a question where .25 to .6 are estimated to be known, else one."""

    def query(self, *args: Any, **options: Any) -> Query:
        """One of the two queries."""
        query = KnownKMeans().query(*args, **options)
        share = query.diagnostics.get("known_where_answered")
        over = share is not None and 0.25 <= share <= 0.6
        return KnownKMeans(clusters=2.0).query(*args, **options) if over else query


VARIANTS: Mapping[str, Callable[[], QueryStrategy]] = {
    OURS: KnownKMeans,
    "light": partial(KnownKMeans, detector=False),
    "two clusters": partial(KnownKMeans, clusters=2.0),
    "two by share": ByShare,
    "calibrated": lambda: with_purity(without_detector(KnownProbability())),
    "class-weighted": partial(class_weighted, 2),
    "class-weighted, p^4": partial(class_weighted, 4),
    "diffusion too": lambda: with_purity(with_detector(Diffusion())),
    "diffusion for detector": lambda: with_purity(without_detector(Diffusion())),
    "ProbCover": ProbCover,
    "JSOSAL": JSOSAL,
    "Random": Random,
    PERFECT: Random,
}


def imbalanced(made: Cell, seed: int) -> Cell:
    """The cell with fewer items of each further class: of the last one a tenth is left."""
    keep = 0.1 ** (np.arange(made.num_classes) / max(1, made.num_classes - 1))
    share = np.where(made.labels < 0, 1.0, keep[made.labels])
    kept = np.random.default_rng(seed).random(len(share)) < share
    kept[made.first] = True
    place = np.cumsum(kept) - 1
    return replace(
        made,
        embeddings=made.embeddings[kept],
        labels=made.labels[kept],
        first=place[made.first],
    )


def table(runs: list[dict[str, Any]]) -> str:
    """Each variant less `KnownKMeans`, in percent points, with 95 % intervals over cells."""
    there = {(each["cell"], each["seed"], each["strategy"]): each["accuracy"] for each in runs}
    lines = [f"{'minus ' + OURS:24}{'area':>14}{'final':>14}{'wins':>6}{'cells':>6}{'runs':>6}"]
    for name in dict.fromkeys(each["strategy"] for each in runs):
        by_cell = defaultdict[str, list[np.ndarray]](list)
        for (place, seed, strategy), curve in there.items():
            if strategy == name != OURS and (ours := there.get((place, seed, OURS))):
                by_cell[place].append(100 * (_sums(curve) - _sums(ours)))
        if by_cell:
            lines.append(_line(name, [*by_cell.values()]))
    return "\n".join(lines)


def _sums(curve: list[float]) -> np.ndarray:
    """The area under a curve, and where it ends."""
    return np.array([aubc(curve), curve[-1]])


def _line(name: str, by_cell: list[list[np.ndarray]]) -> str:
    means = np.array([np.mean(pairs, axis=0) for pairs in by_cell])
    told = [f"{mean:+.1f} ± {half:.1f}" for mean, half in map(interval, means.T)]
    wins, count = int((means[:, 0] > 0).sum()), sum(map(len, by_cell))
    return f"{name:24}{told[0]:>14}{told[1]:>14}{wins:>6}{len(means):>6}{count:>6}"


def main(given: list[str] | None = None) -> None:
    """Run what is missing, or print what is there."""
    options = _arguments(given)
    budget, rounds = ROUNDS[options.answers]
    runs = finished(options.out)
    if options.table:
        print(table(runs))
        return
    done = {(each["cell"], each["seed"], each["strategy"]) for each in runs}
    pools = LARGE if options.large else DEVELOPMENT
    for seed, key, name in product(range(*options.seeds), pools, options.variants):
        if (str(key), seed, name) in done:
            continue
        made = cell(*key, seed)
        made = imbalanced(made, seed) if options.imbalanced else made
        made = replace(made, budget=budget or made.budget)
        found = run(VARIANTS[name](), made, seed, rounds, known_only=name == PERFECT)
        told = {"cell": str(key), "seed": seed, "strategy": name, **found}
        append(options.out, json.dumps(told))
        print(f"{key}, seed {seed}, {name}: {fmean(found['accuracy']):.3f}", flush=True)


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.variants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="the runs, a line of JSON each")
    add("--table", action="store_true", help="print the table of what is there")
    add("--variants", nargs="+", default=[*VARIANTS], metavar="NAME")
    add("--seeds", nargs=2, type=int, default=(0, 3), metavar=("FROM", "TO"))
    add("--answers", choices=[*ROUNDS], default="usual", help="in small, usual or large rounds")
    add("--imbalanced", action="store_true", help="leave classes of ten to one")
    add("--large", action="store_true", help="on large pools")
    options = parser.parse_args(given)
    refuse_unknown(parser, "--variants", options.variants, VARIANTS)
    return options


if __name__ == "__main__":
    main()
