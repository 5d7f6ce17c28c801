"""Every strategy on pools of real embeddings: the tables of docs/results.md.

`python -m benchmarks.real_pools clip`: 20 Caltech classes in a pool of four data sets.
`python -m benchmarks.real_pools tiny-imagenet`: 40 known of 200 classes.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.names import refuse_unknown
from benchmarks.shared import load
from openal.simulate import Conditions, LabeledData, compare_grid
from openal.simulate._summary import table
from openal.strategies import available


def four_data_sets() -> tuple[LabeledData, np.ndarray]:
    """CLIP ViT-B/32 embeddings of Caltech-101, Pets, Food and ImageNet, and their classes."""
    embeddings, labels, names = [], [], []
    for source, splits in (
        ("caltech101", ("test", "val")),
        ("oxford_pets", ("test", "val")),
        ("food101", ("fewshot",)),
        ("imagenet", ("fewshot",)),
    ):
        arrays = load(f"clip_vitb32/{source}.npz")
        for split in splits:
            embeddings.append(arrays[f"{split}_emb"].astype(np.float32))
            labels.append(arrays[f"{split}_label"].astype(np.int64) + len(names))
        names += [f"{source}: {name}" for name in arrays["names"]]
    rows = np.concatenate(embeddings)
    return LabeledData(np.concatenate(labels), names=_unique(names), embeddings=rows), rows


def clip_pool() -> tuple[LabeledData, Conditions]:
    """20 classes of Caltech-101 are known; its others, Pets, Food and ImageNet are not."""
    data, _ = four_data_sets()
    return data, Conditions(known=tuple(range(20)), first=40, budget=50, rounds=10)


def tiny_imagenet() -> tuple[LabeledData, Conditions]:
    """ImageNet-pretrained MobileNetV2 on Tiny-ImageNet: 40 known of 200 classes, by the seed."""
    arrays = load("mbv2_tiny_imagenet_30k.npz")
    embeddings = arrays["F"].astype(np.float32) * np.float32(arrays["scale"])
    data = LabeledData(
        arrays["y"].astype(np.int64), names=_unique(arrays["wnid"]), embeddings=embeddings
    )
    return data, Conditions(mismatch=0.2, first=360, budget=300, rounds=10)


def _unique(names: list[str]) -> list[str]:
    """The names, with a number behind each that was there before."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    count = dict.fromkeys(seen, 0)
    result = []
    for name in names:
        count[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({count[name]})")
    return [str(name) for name in result]


NEEDS_TEXTS = ("CLIPNAL",)  # and these embeddings come without a text that says no
POOLS = {"clip": clip_pool, "tiny-imagenet": tiny_imagenet}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of one pool."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_pools")
    parser.add_argument("pool", choices=POOLS)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    parser.add_argument("--strategies", nargs="*", help="names (default: all)")
    given = parser.parse_args(arguments)
    kinds = {name: kind for name, kind in available().items() if name not in NEEDS_TEXTS}
    refuse_unknown(parser, "--strategies", given.strategies, kinds)
    data, conditions = POOLS[given.pool]()
    started = time.perf_counter()
    grid_runs = compare_grid(
        {name: kinds[name]() for name in given.strategies or kinds},
        data,
        [conditions],
        range(given.seeds),
    )
    (runs,) = grid_runs.values()
    split = conditions.split(data.labels, data.names, 0)
    print(
        f"{given.pool}: pool of {len(split.pool)}, {1 - split.ood_ratio:.0%} known "
        f"({split.num_classes} of {len(data.names)} classes); {conditions.first} first answers, "
        f"{conditions.rounds} rounds of {conditions.budget}; mean ± sd of {given.seeds} seeds"
    )
    print(f"\n{table(runs)}\n\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
