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
from openal.learners import CalibratedDetector, EmbeddingDetector
from openal.simulate import LabeledData, OpenSetSplit, openset_split

SOURCES = {"caltech101": 40, "oxford_pets": 20, "food101": 40}
WIDTHS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
WEIGHTS = (0.003, 0.01, 0.03, 0.1, 0.3)


def log_loss(log_odds: Tensor, known: Tensor) -> float:
    """The mean of minus the logarithm of the probability that was given to what is true."""
    return float(softplus(torch.where(known, -log_odds, log_odds).double()).mean())


def kernel_share(z: Tensor, answered: Tensor, known: Tensor) -> Tensor:
    """The log-odds [N] of the share of known among the answers, the nearer the heavier.

    The width and the weight of the prior share are those of the likeliest answers, each left out.
    """
    e = normalize(z - z.mean(dim=0), dim=1).double()
    far, y = e @ e[answered].T - 1, known.double()
    own, prior = far[answered], (y.sum() + 1) / (len(y) + 2)

    def share(distance: Tensor, width: float, weight: float, left_out: bool = False) -> Tensor:
        k = (distance / width).exp()
        k = k.fill_diagonal_(0) if left_out else k
        return ((weight * prior + k @ y) / (weight + k.sum(dim=1))).logit(eps=1e-9)

    options = [(width, weight) for width in WIDTHS for weight in WEIGHTS]
    best = min(options, key=lambda each: log_loss(share(own, *each, left_out=True), known))
    return share(far, *best)


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
    shares = kernel_share(_embeddings(pool), torch.from_numpy(asked), truth[asked] >= 0)
    rate = float((split.truth[asked] >= 0).mean())
    odds = {
        "detector": detector[:, :-1].logsumexp(dim=1) - detector[:, -1],
        "calibrated": calibrated,
        "kernel share": shares[others],
        "share of known answers": torch.full((len(others),), rate).logit(eps=0.01),
    }
    return {name: log_loss(each, truth[others] >= 0) for name, each in odds.items()}


def _embeddings(pool: Pool) -> Tensor:
    return pool.take("embeddings", np.arange(len(pool)))


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
