"""Purities that read class texts or labeled images, beside those that learn from the answers.

`python -m benchmarks.purities`: CLIP ViT-B/32; 20 classes of Caltech-101 whose names LVIS has are
known; the other classes, Pets, Food and ImageNet are not. Every purity keeps twice the budget, and
the least confident of these are asked; CLIPNAL keeps what it takes for known. These data have no
text of CLIPN's that says no: the "no" of a class is here the mean of its five nearest other nouns.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from benchmarks.real_pools import four_data_sets
from benchmarks.shared import load
from openal import Chain, LabeledSet
from openal.informativeness import LeastConfidence
from openal.learners import TextCosines
from openal.purity import (
    CLIPNPurity,
    CLIPPurity,
    NegativeLabels,
    PrototypePurity,
    negative_labels,
)
from openal.selection import Product, Top
from openal.simulate import Conditions, LabeledData, compare_grid
from openal.simulate._summary import table
from openal.simulate.loop import Runs
from openal.strategies import CLIPNAL, JSOSAL, NEAT, LfOSA, Random, Uncertainty


def word(name: Any) -> str:
    """A class name as a text would have it."""
    return str(name).split(": ")[-1].replace("_", " ").strip().lower()


def known_and_texts(names: list[str]) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """The 20 known classes, their texts [20, D], and texts of all other nouns [M, D]."""
    vocabulary = load("clip_vitb32/text_lvis1203.npz")
    row = {word(name): at for at, name in enumerate(vocabulary["names"])}
    texts = torch.from_numpy(vocabulary["a_photo_of_a"].astype(np.float32))
    caltech = [name for name in names if name.startswith("caltech101: ")]
    known = [name for name in caltech if word(name) in row][:20]
    rows = [row[word(name)] for name in known]
    return known, texts[rows], texts[[at for at in range(len(texts)) if at not in rows]]


def saying_no(classes: torch.Tensor, others: torch.Tensor, count: int = 5) -> TextCosines:
    """The class texts, and the mean of the nouns nearest to each as the text that says no."""
    classes, others = normalize(classes, dim=1), normalize(others, dim=1)
    nearest = (classes @ others.T).topk(count, dim=1).indices
    return TextCosines(classes, others[nearest].mean(dim=1))


def without_namesakes(data: LabeledData, known: list[str]) -> np.ndarray:
    """The items but those of other data sets whose class has the name of a known one."""
    words = {word(name) for name in known}
    dropped = [at for at, n in enumerate(data.names) if n not in known and word(n) in words]
    return np.flatnonzero(~np.isin(data.labels, dropped))


def purities(classes: torch.Tensor, others: torch.Tensor) -> dict[str, Any]:
    """The purities that need no detector, by name."""
    texts = NegativeLabels(classes, negatives=others[negative_labels(classes, others, share=0.5)])
    return {
        "MCM": CLIPPurity(rule="mcm", scale=100.0),
        "Energy": CLIPPurity(rule="energy", scale=100.0),
        "NegLabel": texts,
        "Prototypes": PrototypePurity(),
        "NegLabel x Prototypes": Product(texts, PrototypePurity()),
    }


def cold_start(
    scores: dict[str, Any], data: LabeledData, known: list[str], texts: TextCosines, budget: int
) -> None:
    """Print the precision of the very first query, before any answer."""
    is_known = np.isin(data.labels, [data.names.index(name) for name in known])
    pool = data.pool(np.arange(len(data))).with_signals(yes_cosines=texts, no_cosines=texts)
    print(f"First query of {budget} without any answer; {is_known.mean():.0%} are known:")
    for name, score in scores.items():
        query = Chain(Top(score)).query(pool, LabeledSet(len(data), known), budget, seed=0)
        print(f"  {name:22s} {is_known[query.indices].mean():.2f}")


def by_round(runs: Runs) -> str:
    """The precision of every round's query, a mean over the seeds."""
    lines = ["precision of the query of each round:"]
    for name, by_seed in runs.items():
        means = np.mean([run.precision for run in by_seed.values()], axis=0)
        lines.append(f"{name:22s} " + " ".join(f"{each:.2f}" for each in means))
    return "\n".join(lines)


def main() -> None:
    """Print the cold start and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.purities")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    seeds = range(parser.parse_args().seeds)
    started = time.perf_counter()
    everything, embeddings = four_data_sets()
    known, classes, others = known_and_texts(list(everything.names))
    kept = without_namesakes(everything, known)
    texts = saying_no(classes, others)
    data = LabeledData(
        everything.labels[kept],
        names=everything.names,
        embeddings=embeddings[kept],
        yes_cosines=texts,
        no_cosines=texts,
    )
    scores = purities(classes, others)
    textual = {name: scores[name] for name in ("MCM", "Energy", "NegLabel")}
    cold_start({**textual, "Yes and no": CLIPNPurity()}, data, known, texts, budget=50)
    rivals = {kind.__name__: kind() for kind in (Random, Uncertainty, NEAT, LfOSA, JSOSAL)}
    chains = {
        name: Chain(Top(each, factor=2), Top(LeastConfidence())) for name, each in scores.items()
    }
    clipnal = {
        "CLIPNAL": CLIPNAL(),
        "  text alone": CLIPNAL(visual_weighting=False),
        "  scale 9": CLIPNAL(tune_temperature=False),
    }
    conditions = Conditions(known=tuple(known), first=40, budget=50, rounds=10)
    strategies = {**rivals, **chains, **clipnal}
    (runs,) = compare_grid(strategies, data, [conditions], seeds).values()
    split = conditions.split(data.labels, data.names, 0)
    print(f"\nPool of {len(split.pool)}, {1 - split.ood_ratio:.0%} known; 10 rounds of 50.\n")
    print(f"{table(runs)}\n\n{by_round(runs)}\n\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
