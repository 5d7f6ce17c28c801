"""How sure a detector may be: the log-loss of its probabilities of unseen items, in nats.

`python -m benchmarks.calibration`: CLIP ViT-B/32; 40 classes of Caltech-101, 20 breeds of Pets or
40 dishes of Food-101 are known, 60 % of the pool are not. Random answers teach `EmbeddingDetector`;
its softmax, the same calibrated, and a kernel share of the answers say how likely others are known.
"""

import argparse
import time
from statistics import fmean

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from benchmarks.real_pools import four_data_sets
from openal import LabeledSet, Pool
from openal.functional import kernel_share
from openal.learners import CalibratedDetector, EmbeddingDetector
from openal.simulate import LabeledData, OpenSetSplit, openset_split

SOURCES = {"caltech101": 40, "oxford_pets": 20, "food101": 40}


def log_loss(log_odds: Tensor, known: Tensor) -> float:
    """The mean of minus the logarithm of the probability that was given to what is true."""
    return float(softplus(torch.where(known, -log_odds, log_odds).double()).mean())


def losses(data: LabeledData, split: OpenSetSplit, count: int, seed: int) -> dict[str, float]:
    """The log-loss of each kind of probability, on all items without an answer."""
    pool, truth = data.pool(split.pool), torch.from_numpy(split.truth)
    indices = np.random.default_rng(seed).permutation(len(truth))
    asked, others = indices[:count], np.sort(indices[count:])
    labeled = LabeledSet(len(truth), split.num_classes)
    labeled.add(asked, split.truth[asked])
    detector, calibrated = (
        learner.fit(pool, labeled, seed=seed, progress=False).signals(pool, others, (name,))[name]
        for learner, name in (
            (EmbeddingDetector(), "detector_logits"),
            (CalibratedDetector(), "known_log_odds"),
        )
    )
    e = _directions(pool)
    shares = kernel_share(e[others], e[asked], truth[asked] >= 0)
    rate = float((split.truth[asked] >= 0).mean())
    odds = {
        "detector": detector[:, :-1].logsumexp(dim=1) - detector[:, -1],
        "calibrated": calibrated,
        "kernel share": shares.logit(eps=1e-9),
        "share of known answers": torch.full((len(others),), rate).logit(eps=0.01),
    }
    return {name: log_loss(each, truth[others] >= 0) for name, each in odds.items()}


def _directions(pool: Pool) -> Tensor:
    """The embeddings less their mean, scaled to length one."""
    z = pool.take("embeddings", np.arange(len(pool)))
    return normalize(z - z.mean(dim=0), dim=1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    seeds, started = range(parser.parse_args().seeds), time.perf_counter()
    data, _ = four_data_sets()
    splits = []
    for seed in seeds:
        for source, count in SOURCES.items():
            names = [name for name in data.names if name.startswith(f"{source}: ")]
            known = np.random.default_rng(seed).permutation(names)[:count].tolist()
            splits.append(
                openset_split(
                    data.labels, first=0, seed=seed, known=known, names=data.names, ood_ratio=0.6
                )
            )
    for count in (40, 120, 400):
        rows = [losses(data, split, count, at) for at, split in enumerate(splits)]
        means = {name: fmean(row[name] for row in rows) for name in rows[0]}
        shown = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
        print(f"{count} answers: {shown}", flush=True)
    print(f"{len(splits)} pools, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
