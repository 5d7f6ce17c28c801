"""A pool with every standard signal, and answers about it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import clip_embeddings, clip_like
from openal import LabeledSet, Pool

__all__ = ["Asked", "asked"]

KNOWN, CLASSES, SAMPLES = 20, 40, 5
WIDTH = 64  # of the classifier's features
REAL = 13_000  # of CLIP's embeddings there are hardly more


@dataclass(frozen=True, eq=False)
class Asked:
    """What both a strategy and a lean script are asked about.

    Attributes:
        signals: float32 [N, ...] by name.
        labeled: the answers, of known and unknown classes.
        answered: int64 [M], the same for a script: the items in ascending order.
        labels: int64 [M], their classes, 0..K-1 or -1.
        rows: int64 [N - M], the items without an answer, ascending.
        vectors: "real CLIP", or "drawn" in its likeness.
    """

    signals: dict[str, Tensor]
    labeled: LabeledSet
    answered: Tensor
    labels: Tensor
    rows: Tensor
    vectors: str

    @property
    def pool(self) -> Pool:
        """The pool of a strategy, new each time, so that nothing of an earlier query is left."""
        return Pool(None, **self.signals)


def asked(n: int, answers: int, *, width: int = 512, least: bool = False) -> Asked:
    """N items near 40 of their own, of which 20 stand for known classes; answers are drawn.

    With `least` there are only embeddings, features and logits.
    """
    real = n <= REAL and width == 512
    embeddings = clip_embeddings(n) if real else clip_like(n, width)
    rng = np.random.default_rng(0)
    affinity = _affinity(embeddings, rng)
    hidden = affinity.argmax(dim=1)
    labeled = LabeledSet(n, KNOWN)
    answered = torch.from_numpy(np.sort(rng.choice(n, answers, replace=False)))
    labels = torch.where(hidden < KNOWN, hidden, -1)[answered]
    labeled.add(answered, labels)
    rows = torch.from_numpy(labeled.unlabeled_indices)
    features = (4 * embeddings[:, :WIDTH]).tanh()
    signals = {
        "embeddings": embeddings,
        "features": features,
        "logits": affinity[:, :KNOWN].clone(),
    }
    signals |= {} if least else _others(features, affinity)
    return Asked(signals, labeled, answered, labels, rows, "real CLIP" if real else "drawn")


def _affinity(embeddings: Tensor, rng: np.random.Generator) -> Tensor:
    """How near each item is to 40 of them, in logits of a classifier that is sure of half."""
    anchors = embeddings[torch.from_numpy(rng.choice(len(embeddings), CLASSES, replace=False))]
    mean = embeddings[:2000].mean(dim=0)
    return 12 * (embeddings - mean) @ (anchors - mean).T / (anchors - mean).norm(dim=1)


def _others(features: Tensor, affinity: Tensor) -> dict[str, Tensor]:
    """What a detector, dropout, a head and CLIPN would say."""
    noise = partial(torch.randn, generator=torch.Generator().manual_seed(1))
    n, known = len(affinity), affinity[:, :KNOWN]
    unknown = affinity[:, KNOWN:].amax(dim=1, keepdim=True)
    return {
        "mc_logits": known[:, None] + 0.5 * noise(n, SAMPLES, KNOWN),
        "detector_logits": torch.hstack([known, unknown]),
        "detector_features": features.flip(1),
        "evidence_logits": affinity,
        "head_logits": torch.stack([1 - known, known - 1], dim=1),
        "binary_logits": torch.hstack([known.amax(dim=1, keepdim=True), unknown]),
        "predicted_loss": -known.amax(dim=1),
        "yes_cosines": 0.25 + 0.005 * known + 0.005 * noise(n, KNOWN),
        "no_cosines": 0.25 - 0.005 * known + 0.005 * noise(n, KNOWN),
        "prompt_logits": 25 + 2 * affinity,
    }
