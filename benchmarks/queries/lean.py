"""The same mathematics as lean scripts: a person's own lines of torch, NumPy and scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.queries.pools import Asked

__all__ = ["LEAN"]

Lean = Callable[[Asked, int], Any]


def random(asked: Asked, budget: int) -> Any:
    return np.random.default_rng(0).choice(asked.rows, budget, replace=False)


def least_sure(score: Callable[[Tensor], Tensor], signal: str = "logits") -> Lean:
    """The `budget` items of the highest score of their probabilities."""

    def query(asked: Asked, budget: int) -> Any:
        p = asked.signals[signal][asked.rows].softmax(dim=-1)
        return asked.rows[score(p).topk(budget).indices]

    return query


def entropy(p: Tensor) -> Tensor:
    return -(p * (p + 1e-12).log()).sum(dim=-1)


def margin(p: Tensor) -> Tensor:
    best = p.topk(2).values
    return best[:, 1] - best[:, 0]


def votes(asked: Asked, k: int = 10) -> Tensor:
    """How many of the k nearest answers are of each class [n, K], by a table of cosines."""
    z = normalize(asked.signals["embeddings"], dim=1)
    near = asked.labels[(z[asked.rows] @ z[asked.answered].T).topk(k).indices]
    return (near[:, :, None] == torch.arange(asked.labeled.num_classes)).sum(dim=1)


def most_known(known: Tensor, count: int) -> Tensor:
    """The places of the most known neighbors, equal ones in random order."""
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))
    return order[known[order].sort(descending=True, stable=True).indices[:count]]


def neat(asked: Asked, budget: int) -> Any:
    counted = votes(asked)
    kept = most_known(counted.sum(dim=1), 2 * budget)
    p = asked.signals["logits"][asked.rows[kept]].softmax(dim=1)
    apart = -(p * counted[kept].double().log_softmax(dim=1)).sum(dim=1)
    return asked.rows[kept[apart.topk(budget).indices]]


def neat_passive(asked: Asked, budget: int) -> Any:
    return asked.rows[most_known(votes(asked).sum(dim=1), budget)]


def lfosa(asked: Asked, budget: int) -> Any:
    from sklearn.mixture import GaussianMixture

    logits = asked.signals["detector_logits"][asked.rows].numpy()
    value, group = logits[:, :-1].max(axis=1), logits.argmax(axis=1)
    purity = np.full(len(logits), -1.0)
    for c in range(logits.shape[1] - 1):
        x = value[group == c, None]
        if len(x) > 1:
            mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4).fit(x)
            purity[group == c] = mixture.predict_proba(x)[:, mixture.means_.argmax()]
    return asked.rows[np.argsort(-purity)[:budget]]


def coreset(asked: Asked, budget: int) -> Any:
    x = asked.signals["features"].numpy()
    points = x[asked.rows]
    norms = (points**2).sum(axis=1)
    least = np.full(len(points), np.inf, np.float32)
    picked: list[int] = []
    for center in x[asked.answered]:
        np.minimum(least, norms - 2 * points @ center + center @ center, out=least)
    for _ in range(budget):
        picked.append(int(least.argmax()))
        center = points[picked[-1]]
        np.minimum(least, norms - 2 * points @ center + center @ center, out=least)
    return asked.rows[picked]


def badge(asked: Asked, budget: int) -> Any:
    """k-means++ on gradients, as products of residuals and features."""
    rng, rows = np.random.default_rng(0), asked.rows
    p = asked.signals["logits"][rows].softmax(dim=1)
    x, residuals = asked.signals["features"][rows], p.clone()
    residuals[torch.arange(len(p)), p.argmax(dim=1)] -= 1
    squares = (residuals**2).sum(dim=1) * (x**2).sum(dim=1)
    picked = [int(squares.argmax())]
    least = torch.full_like(squares, torch.inf)
    for _ in range(budget - 1):
        last = picked[-1]
        inner = (residuals @ residuals[last]) * (x @ x[last])
        least = torch.minimum(least, (squares + squares[last] - 2 * inner).clamp(min=0))
        sums = least.double().cumsum(dim=0).numpy()
        picked.append(int(np.searchsorted(sums, rng.random() * sums[-1])))
    return rows[picked]


def known_k_means(asked: Asked, budget: int) -> Any:
    """Kernel share and a detector's probability, squared, times the margin, weigh k-means."""
    from sklearn.cluster import KMeans

    rows, answered, labels = asked.rows, asked.answered, asked.labels.numpy()
    z = normalize(asked.signals["embeddings"] - asked.signals["embeddings"].mean(dim=0), dim=1)
    near = (20 * z[rows] @ z[answered].T).exp().numpy()
    share = near[:, labels >= 0].sum(axis=1) / near.sum(axis=1)
    unknown = asked.signals["detector_logits"][rows].softmax(dim=1)[:, -1].numpy()
    purity = np.sqrt(share * (1 - unknown))
    uncertain = 1 + margin(asked.signals["logits"][rows].softmax(dim=1)).numpy()
    sample = np.random.default_rng(0).permutation(len(rows))[:20_000]
    means = KMeans(budget, n_init=1, max_iter=10, random_state=0)
    groups = means.fit_predict(z[rows[sample]], sample_weight=(purity**2 * uncertain)[sample])
    best = sample[np.lexsort([-purity[sample], groups])]
    return rows[best[np.r_[0, np.cumsum(np.bincount(groups, minlength=budget))[:-1]]]]


LEAN: dict[str, Lean] = {
    "Random": random,
    "Uncertainty": least_sure(entropy),
    "LeastConfidenceSampling": least_sure(lambda p: -p.amax(dim=1)),
    "CertaintySampling": least_sure(lambda p: p.amax(dim=1)),
    "MarginSampling": least_sure(margin),
    "BALD": least_sure(lambda p: entropy(p.mean(dim=1)) - entropy(p).mean(dim=1), "mc_logits"),
    "MeanSTD": least_sure(lambda p: p.std(dim=1, correction=0).mean(dim=1), "mc_logits"),
    "NEAT": neat,
    "NEATPassive": neat_passive,
    "LfOSA": lfosa,
    "Coreset": coreset,
    "BADGE": badge,
    "KnownKMeans": known_k_means,
}
