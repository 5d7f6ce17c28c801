"""Where the gallery asks: a plane of two-dimensional clusters, and handwritten digits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

from openal import UNKNOWN, LabeledSet, Pool, Query
from openal.learners import (
    EmbeddingClassifier,
    EmbeddingDropout,
    EmbeddingEntropicDetector,
    EmbeddingLossPredictor,
)
from openal.query import QueryStrategy

__all__ = ["Scene", "digits", "plane", "queries", "short_learners"]

HEIGHT = 2.0  # of the plane over the origin: so near points of it have a large cosine
CENTERS = [[-1.7, 0.9], [0.1, 1.4], [-0.7, -0.6], [1.6, 0.6], [0.9, -1.1], [-2.0, -1.1]]
DROPOUT = ("BALD", "BGADL", "BatchBALD", "MeanSTD", "VariationRatio")
ENTROPIC = ("EOAL", "ClosedSetCertainty", "DistanceEntropy", "PredictedKnown")


@dataclass(frozen=True, eq=False)
class Scene:
    """Items with hidden classes, and what an encoder says of them and of the classes' names.

    Attributes:
        shown: what a picture shows: places [N, 2] or images [N, 8, 8].
        embeddings: float32 [N, D].
        hidden: int64 [N], 0..K-1 or UNKNOWN.
        num_classes: K.
        texts: unit vectors of the K classes and of the other things, in the embeddings' space.
    """

    shown: np.ndarray
    embeddings: np.ndarray
    hidden: np.ndarray
    num_classes: int
    texts: tuple[torch.Tensor, torch.Tensor]

    def signals(self) -> dict[str, np.ndarray]:
        """The embeddings and their cosines with the texts; the best other text says no."""
        cosines = _unit(self.embeddings) @ torch.cat(self.texts).numpy().T
        yes, others = cosines[:, : self.num_classes], cosines[:, self.num_classes :]
        no = np.repeat(others.max(axis=1, keepdims=True), self.num_classes, axis=1)
        made = {"yes_cosines": yes, "no_cosines": no, "prompt_logits": 20 * cosines}
        return {"embeddings": self.embeddings, **{k: v.astype("f4") for k, v in made.items()}}


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _scene(shown: np.ndarray, embeddings: np.ndarray, classes: np.ndarray, known: int) -> Scene:
    means = np.stack([embeddings[classes == k].mean(axis=0) for k in np.unique(classes)])
    texts = torch.from_numpy(_unit(means).astype("f4"))
    hidden = np.where(classes < known, classes, UNKNOWN)
    return Scene(shown, embeddings.astype("f4"), hidden, known, (texts[:known], texts[known:]))


def plane() -> Scene:
    """240 points in six clusters, three of which are known classes."""
    classes = np.arange(240) % len(CENTERS)
    noise = np.random.default_rng(0).normal(size=(240, 2))
    places = np.array(CENTERS)[classes] + 0.38 * noise
    return _scene(places, np.hstack([places, np.full((240, 1), HEIGHT)]), classes, 3)


def digits() -> Scene:
    """400 of scikit-learn's handwritten digits; 0 to 3 are known, their pixels the embeddings."""
    data = load_digits()
    rows = np.random.default_rng(0).permutation(len(data.target))[:400]
    return _scene(data.images[rows], data.data[rows] / 16, data.target[rows], 4)


def short_learners(name: str) -> dict[str, Any]:
    """Learners with fewer steps than usual for what would train for seconds; else nothing."""
    if name in DROPOUT:
        return {"mc_logits": EmbeddingDropout(steps=40)}
    if name in ENTROPIC:
        learner = EmbeddingEntropicDetector(steps=30)
        return dict.fromkeys(("detector_logits", "head_logits", "detector_features"), learner)
    return {"predicted_loss": EmbeddingLossPredictor(steps=40)} if name == "LearningLoss" else {}


def queries(
    scene: Scene, strategy: QueryStrategy, learners: dict[str, Any], rounds: int, budget: int,
    first: int = 0,
) -> Iterator[tuple[np.ndarray, Query]]:  # fmt: skip
    """Round after round: which items had an answer, and the query."""
    labeled = LabeledSet(len(scene.hidden), scene.num_classes)
    start = np.random.default_rng(1).permutation(len(scene.hidden))[:first]
    if first:
        labeled.add(start, scene.hidden[start])
    classifier = EmbeddingClassifier()  # trained by a query that reads it, and by no other
    pool = Pool(**scene.signals(), logits=classifier, features=classifier, **learners)
    for number in range(rounds):
        query = strategy.query(pool, labeled, budget, seed=number, progress=False)
        yield np.setdiff1d(np.arange(len(scene.hidden)), labeled.unlabeled_indices), query
        labeled.begin_round(query)
        labeled.add(query.indices, scene.hidden[query.indices])
