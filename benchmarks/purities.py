"""Purities that read class texts or labeled images, beside those that learn from the answers.

`python -m benchmarks.purities`: CLIP ViT-B/32; 20 classes of Caltech-101 whose names LVIS has are
known; the other classes, Pets, Food and ImageNet are not. Every purity keeps twice the budget, and
the least confident of these are asked. No text here says no, so CLIPN's purity is not among them.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch

from benchmarks.real_pools import four_data_sets
from benchmarks.shared import load
from openal import Chain, LabeledSet
from openal.informativeness import LeastConfidence
from openal.learners import TextCosines
from openal.purity import CLIPPurity, NegativeLabels, PrototypePurity, negative_labels
from openal.selection import Product, Top
from openal.simulate import LabeledData
from openal.simulate.compare import Conditions, compare
from openal.simulate.table import table
from openal.strategies import JSOSAL, NEAT, LfOSA, Random, Uncertainty


def word(name: Any) -> str:
    """A class name as a text would have it."""
    return str(name).split(": ")[-1].replace("_", " ").strip().lower()


def known_and_texts(names: list[str]) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """The 20 known classes, their texts [20, D], and texts of other things [M, D]."""
    vocabulary = load("clip_vitb32/text_lvis1203.npz")
    row = {word(name): at for at, name in enumerate(vocabulary["names"])}
    texts = torch.from_numpy(vocabulary["a_photo_of_a"].astype(np.float32))
    caltech = [name for name in names if name.startswith("caltech101: ")]
    known = [name for name in caltech if word(name) in row][:20]
    rows = [row[word(name)] for name in known]
    others = texts[[at for at in range(len(texts)) if at not in rows]]
    return known, texts[rows], others[negative_labels(texts[rows], others, share=0.5)]


def without_namesakes(data: LabeledData, known: list[str]) -> np.ndarray:
    """The items but those of other data sets whose class has the name of a known one."""
    words = {word(name) for name in known}
    dropped = [at for at, n in enumerate(data.names) if n not in known and word(n) in words]
    return np.flatnonzero(~np.isin(data.labels, dropped))


def purities(classes: torch.Tensor, negatives: torch.Tensor) -> dict[str, Any]:
    """The purities that need no detector, by name."""
    texts = NegativeLabels(classes, negatives)
    return {
        "MCM": CLIPPurity("mcm", scale=100.0),
        "Energy": CLIPPurity("energy", scale=100.0),
        "NegLabel": texts,
        "Prototypes": PrototypePurity(),
        "NegLabel x Prototypes": Product(texts, PrototypePurity()),
    }


def cold_start(
    scores: dict[str, Any], data: LabeledData, known: list[str], texts: TextCosines, budget: int
) -> None:
    """Print the precision of the very first query, before any answer."""
    is_known = np.isin(data.labels, [data.names.index(name) for name in known])
    pool = data.pool(np.arange(len(data))).with_signals(yes_cosines=texts)
    print(f"First query of {budget} without any answer; {is_known.mean():.0%} are known:")
    for name, score in scores.items():
        query = Chain(Top(score)).query(pool, LabeledSet(len(data), known), budget, seed=0)
        print(f"  {name:22s} {is_known[query.indices].mean():.2f}")


def main() -> None:
    """Print the cold start and the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.purities")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    seeds = range(parser.parse_args().seeds)
    started = time.perf_counter()
    everything, embeddings = four_data_sets()
    known, classes, negatives = known_and_texts(list(everything.names))
    kept = without_namesakes(everything, known)
    texts = TextCosines(classes, classes)  # only the yes is read
    data = LabeledData(
        everything.labels[kept],
        names=everything.names,
        embeddings=embeddings[kept],
        yes_cosines=texts,
    )
    scores = purities(classes, negatives)
    textual = {name: scores[name] for name in ("MCM", "Energy", "NegLabel")}
    cold_start(textual, data, known, texts, budget=50)
    rivals = {kind.__name__: kind() for kind in (Random, Uncertainty, NEAT, LfOSA, JSOSAL)}
    chains = {name: Chain(Top(each, 2), Top(LeastConfidence())) for name, each in scores.items()}
    conditions = Conditions(known=tuple(known), first=40, budget=50, rounds=10)
    runs = compare({**rivals, **chains}, data, conditions, seeds)
    split = conditions.split(data.labels, data.names, 0)
    print(f"\nPool of {len(split.pool)}, {1 - split.ood_ratio:.0%} known; 10 rounds of 50.\n")
    print(f"{table(runs)}\n\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
