"""The queries of scikit-activeml, about the same pool and answers."""

import warnings
from functools import partial
from typing import Any

import numpy as np

from benchmarks.fitted import fitted
from benchmarks.queries.pools import Asked
from benchmarks.row import Peer

__all__ = ["PEERS"]


def _asked(asked: Asked, signal: str) -> tuple[np.ndarray, np.ndarray]:
    """X [N, D], and y [N] with nan where there is no answer; UNKNOWN is one class more."""
    y = np.full(asked.labeled.size, np.nan)
    labels = asked.labels.numpy()
    y[asked.answered.numpy()] = np.where(labels >= 0, labels, asked.labeled.num_classes)
    return asked.signals[signal].numpy(), y


def _fitted(asked: Asked) -> Any:
    return fitted(asked.signals["logits"].softmax(dim=1).numpy(), asked.rows)


def uncertainty(asked: Asked, budget: int, *, method: str) -> Any:
    from skactiveml.pool import UncertaintySampling

    x, y = _asked(asked, "features")
    strategy = UncertaintySampling(method=method, random_state=0)
    return _query(strategy, x, y, _fitted(asked), fit_clf=False, batch_size=budget)


def badge(asked: Asked, budget: int) -> Any:
    from skactiveml.pool import Badge

    x, y = _asked(asked, "features")
    return _query(Badge(random_state=0), x, y, _fitted(asked), fit_clf=False, batch_size=budget)


def core_set(asked: Asked, budget: int) -> Any:
    from skactiveml.pool import CoreSet

    return _query(CoreSet(random_state=0), *_asked(asked, "features"), batch_size=budget)


def typiclust(asked: Asked, budget: int) -> Any:
    from skactiveml.pool import TypiClust

    return _query(TypiClust(random_state=0), *_asked(asked, "embeddings"), batch_size=budget)


def prob_cover(asked: Asked, budget: int) -> Any:
    from skactiveml.pool import ProbCover

    strategy = ProbCover(random_state=0, n_classes=asked.labeled.num_classes)
    return _query(strategy, *_asked(asked, "embeddings"), batch_size=budget)


def random(asked: Asked, budget: int) -> Any:
    from skactiveml.pool import RandomSampling

    return _query(RandomSampling(random_state=0), *_asked(asked, "features"), batch_size=budget)


def _query(strategy: Any, *given: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return strategy.query(*given, **options)


def _peer(run: Any, steps: tuple[int, int] | None = None) -> Peer:
    return Peer(run, needs="scikit-activeml", steps=steps)


PEERS: dict[str, Peer] = {
    "Random": _peer(random),
    "Uncertainty": _peer(partial(uncertainty, method="entropy")),
    "LeastConfidenceSampling": _peer(partial(uncertainty, method="least_confident")),
    "MarginSampling": _peer(partial(uncertainty, method="margin_sampling")),
    "BADGE": _peer(badge, (1, 3)),
    "Coreset": _peer(core_set, (2, 6)),
    "TypiClust": _peer(typiclust),
    "ProbCover": _peer(prob_cover, (1, 3)),
}
