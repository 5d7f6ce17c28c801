"""The papers' claims on real embeddings: four methods and four rivals at 3 x 4 ratios.

`python -m benchmarks.claims clip`: CLIP ViT-B/32; 54 classes of Caltech-101 and Oxford-IIIT Pets
whose names have a text, 40 items each. CLIPNAL reads a text that says no which is not CLIPN's: the
mean of the five other nouns nearest to a class.
`python -m benchmarks.claims cifar10`: ImageNet-pretrained MobileNetV2 on 5,000 images of CIFAR-10,
1,000 of them for testing. There is no text here, so the filter of CLIPNAL has its images only.

Both in CLIPNAL's protocol: known classes drawn by the seed, 20, 30 and 40 % of all; 10, 20, 40 and
60 % of the pool unknown; first answers with the pool's share of unknown ones; ten evaluations.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from benchmarks.names import refuse_unknown
from benchmarks.purities import word
from benchmarks.shared import load
from openal import Chain
from openal.informativeness import LeastConfidence
from openal.learners._class_texts import ClassTexts
from openal.purity import PrototypePurity
from openal.selection import Top
from openal.simulate import Conditions, LabeledData, compare_grid, conditions_at
from openal.simulate.grid import GridRuns
from openal.simulate.metrics import aubc
from openal.strategies import CLIPNAL, EOAL, JSOSAL, NEAT, Coreset, LfOSA, Random, Uncertainty

MISMATCH, OOD = (0.2, 0.3, 0.4), (0.1, 0.2, 0.4, 0.6)
ITEMS = 40  # of a class
KINDS = (Random, Uncertainty, Coreset, EOAL, NEAT, LfOSA, JSOSAL)
CLIPNALS = {"clip": "CLIPNAL", "cifar10": "CLIPNAL, images"}
"""What the chain of the paper is called on each data set."""

TEXTS = (
    ("text_lvis1203", "a_photo_of_a"),
    ("text_imagenet1k_80templates", "emb"),
    ("text_openimages500_a", "emb"),
)


class Texts:
    """The texts of class names; for no, the mean of those of the five nearest other nouns."""

    def __init__(self) -> None:
        self.row: dict[str, torch.Tensor] = {}
        for name, column in TEXTS:
            arrays = load(f"clip_vitb32/{name}.npz")
            rows = normalize(torch.from_numpy(arrays[column].astype(np.float32)), dim=1)
            for noun, text in zip(arrays["names"], rows, strict=True):
                self.row.setdefault(word(noun), text)

    def __repr__(self) -> str:
        return "Texts()"

    def class_texts(self, names: Any) -> ClassTexts:
        """What stands here for CLIPN's (yes [K, D], no [K, D])."""
        words = [word(name) for name in names]
        others = torch.stack([text for noun, text in self.row.items() if noun not in words])
        yes = torch.stack([self.row[each] for each in words])
        nearest = (yes @ others.T).topk(5, dim=1).indices
        return ClassTexts(yes, normalize(others[nearest].mean(dim=1), dim=1))


def clip() -> tuple[LabeledData, None, dict[str, Any], dict[str, int]]:
    """The data, no test set, the method that reads texts, and how many answers."""
    texts, rows, labels, names = Texts(), [], [], []
    for source in ("caltech101", "oxford_pets"):
        arrays = load(f"clip_vitb32/{source}.npz")
        parts = ("test", "val", "fewshot")
        found = np.concatenate([arrays[f"{part}_emb"] for part in parts]).astype(np.float32)
        whose = np.concatenate([arrays[f"{part}_label"] for part in parts])
        for k, name in enumerate(arrays["names"]):
            mine = np.flatnonzero(whose == k)[:ITEMS]
            if len(mine) == ITEMS and word(name) in texts.row and word(name) not in names:
                rows.append(found[mine])
                labels += [len(names)] * ITEMS
                names.append(word(name))
    data = LabeledData(labels, names=names, embeddings=np.concatenate(rows))
    return data, None, {CLIPNALS["clip"]: CLIPNAL(texts)}, {"first": 60, "budget": 20}


def cifar10() -> tuple[LabeledData, LabeledData, dict[str, Any], dict[str, int]]:
    """The data, their test set, CLIPNAL's images without its texts, and how many answers."""
    arrays = load("mbv2_cifar10_raw5000.npz")
    rows, labels = arrays["F"].astype(np.float32) * np.float32(arrays["scale"]), arrays["y"]
    names = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    train, test = (
        LabeledData(labels[of].astype(np.int64), names=names, embeddings=rows[of])
        for of in (arrays["split"] == 0, arrays["split"] == 1)
    )
    images = Chain(Top(PrototypePurity(), factor=2), Top(LeastConfidence()))
    return train, test, {CLIPNALS["cifar10"]: images}, {"first": 40, "budget": 40}


def areas(runs: GridRuns, convention: Any) -> str:
    """AUBC in %, as CLIPNAL's table 2 has it: a row per method, best in bold."""
    methods = list(next(iter(runs.values())))
    table = {
        name: [
            100 * fmean(aubc(run.accuracy, convention) for run in at[name].values())
            for at in runs.values()
        ]
        for name in methods
    }
    best = [max(column) for column in zip(*table.values(), strict=True)]
    head = [f"{mismatch:.0%} / {ood:.0%}" for mismatch, ood in runs]
    lines = [f"| mismatch / OOD | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, values in table.items():
        cells = [
            f"**{value:.1f}**" if value == top else f"{value:.1f}"
            for value, top in zip(values, best, strict=True)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def beside_random(runs: GridRuns) -> str:
    """In how many of the cells a method is above Random in AUBC, and how precise it is."""
    lines = ["| method | cells above Random in AUBC | precision | Random's |", "|---|---|---|---|"]
    random = {ratios: _mean(at["Random"], _area) for ratios, at in runs.items()}
    share = fmean(_mean(at["Random"], _precision) for at in runs.values())
    for name in next(iter(runs.values())):
        above = sum(_mean(at[name], _area) > random[ratios] for ratios, at in runs.items())
        precision = fmean(_mean(at[name], _precision) for at in runs.values())
        lines.append(f"| {name} | {above} of {len(runs)} | {precision:.2f} | {share:.2f} |")
    return "\n".join(lines)


def _mean(by_seed: Any, figure: Any) -> float:
    return fmean(figure(run) for run in by_seed.values())


def _area(run: Any) -> float:
    return aubc(run.accuracy)


def _precision(run: Any) -> float:
    return fmean(run.precision)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of one data set; several processes may share `--out`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims")
    parser.add_argument("data", choices=("clip", "cifar10"))
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--strategies", nargs="*", help="names, with Random (default: all)")
    parser.add_argument("--out", type=Path, help="keep the runs in this folder")
    given = parser.parse_args(arguments)
    kinds = {kind.__name__: kind for kind in KINDS}
    refuse_unknown(parser, "--strategies", given.strategies, [*kinds, CLIPNALS[given.data]])
    if given.strategies and "Random" not in given.strategies:
        parser.error("argument --strategies: all are compared with Random; name it, too.")
    started = time.perf_counter()
    data, test, clipnal, answers = {"clip": clip, "cifar10": cifar10}[given.data]()
    everything = {**{name: kind() for name, kind in kinds.items()}, **clipnal}
    strategies = {name: everything[name] for name in given.strategies or everything}
    conditions = Conditions(**answers, rounds=9, protocol="clipnal")
    grid = conditions_at(conditions, MISMATCH, OOD)
    settings = {"data": given.data}
    runs = compare_grid(
        strategies,
        data,
        grid,
        range(given.seeds),
        test=test,
        folder=given.out,
        settings=settings,
    )
    print(f"{given.data}: {len(data)} items of {len(data.names)} classes; {answers['first']} first")
    print(f"answers, 9 rounds of {answers['budget']}; {given.seeds} seeds; AUBC in %, trapezoid\n")
    print(f"{areas(runs, 'trapezoid')}\n\n{beside_random(runs)}\n")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
