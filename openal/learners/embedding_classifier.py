"""A task network on frozen embeddings: logistic regression, or one hidden layer."""

from dataclasses import dataclass

import torch

from openal.labeled import LabeledSet
from openal.learners.embedding_training import FittedOnEmbeddings, fit_embeddings
from openal.learners.layers import LayerSettings
from openal.learners.loss import weighted_cross_entropy
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.view import reads

__all__ = ["EmbeddingClassifier"]


@dataclass(frozen=True)
class EmbeddingClassifier:
    """Learns the K classes from the known answers, on frozen embeddings: logistic regression.

    Offers `logits` [N, K] and `features`. With `hidden` it has one layer of that many rectified
    units; features are these units, or else the embeddings centered and scaled. It is fitted from
    scratch, by L-BFGS on all known answers at once; without hidden units the seed decides nothing.

    Before any known answer the logits are those of the seeded initial weights; a class that
    nobody answered yet gets low and finite logits. `device=None`: where the embeddings are.
    """

    hidden: int | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    def __post_init__(self) -> None:
        settings_of(self, LayerSettings)

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""
        return ("logits", "features")

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained classifier; neither the pool nor the labeled set is changed."""
        return fit_embeddings(
            pool,
            self.embeddings,
            labeled.known_subset(range(labeled.size)),
            labeled.num_classes,
            names={"logits": "logits", "features": "features"},
            loss=weighted_cross_entropy,
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
