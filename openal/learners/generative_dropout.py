"""Monte-Carlo dropout trained on answered embeddings and on generated ones."""

from dataclasses import asdict, dataclass, field
from typing import ClassVar

import numpy as np
import torch

from openal._contexts import own_contexts
from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners._generator import GeneratorSettings, generated
from openal.learners._on_embeddings import FittedOnEmbeddings, taken, with_values
from openal.learners._settings import settings_of
from openal.learners.dropout import EmbeddingDropout
from openal.pool import Pool

__all__ = ["GenerativeDropout"]


@dataclass(frozen=True)
class GenerativeDropout:
    """Learns the K classes from the known answers and from `copies` generated rows for each.

    Offers `mc_logits` [N, T, K]. The copies are those of `generated`, with the label of the answer
    that they are made from; `dropout` says which network learns from both, and how. A copy counts
    as much as an answer, and the network takes as many steps as without.

    Before any known answer there is nothing to copy, and the logits are those of `dropout`.

    Args:
        copies: generated rows for each known answer.
        latent: dimensions of the code of the autoencoder.
        width: units of each layer of the additional network.
        label_weight: of the auxiliary classifier's loss.
        generator_steps: steps of SGD of the autoencoder.
        dropout: the `EmbeddingDropout` that learns from answers and copies.

    Reference: Tran, Do, Reid and Carneiro, "Bayesian Generative Active Deep Learning", ICML 2019.
    """

    cites = ("tran2019bayesian",)

    copies: int = 1
    latent: int = 16
    width: int = 128
    label_weight: float = 0.1
    generator_steps: int = 500
    dropout: EmbeddingDropout = field(default_factory=EmbeddingDropout)

    offers: ClassVar[tuple[str, ...]] = EmbeddingDropout.offers

    def __post_init__(self) -> None:
        settings_of(self, GeneratorSettings)
        if not isinstance(self.dropout, EmbeddingDropout):
            raise ArgumentError(f"dropout must be an EmbeddingDropout, got {self.dropout!r:.80}.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return self.dropout.reads

    @own_contexts()
    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained network; neither the pool nor the labeled set is changed."""
        if len(labeled.known_indices):
            pool, labeled = self._augmented(pool, labeled, derived_seed(seed, 1), progress)
        return self.dropout.fit(pool, labeled, seed=seed, progress=progress)

    def _augmented(
        self, pool: Pool, labeled: LabeledSet, seed: int, progress: bool | None
    ) -> tuple[Pool, LabeledSet]:
        """A pool of the answered rows and their copies, all of them labeled."""
        name, classes = self.dropout.embeddings, labeled.num_classes
        answers = with_values(pool, name, labeled.known_subset(range(labeled.size)), progress)
        if not len(answers):
            return pool, labeled
        z = taken(pool, name, answers.indices, self.dropout.device, progress)
        labels = torch.tensor(answers.targets, device=z.device)
        settings = asdict(settings_of(self, GeneratorSettings))
        rows, copied = generated(z, labels, seed=seed, **settings)
        known = LabeledSet(len(z) + len(rows), classes)
        known.add(np.arange(known.size), torch.cat([labels, copied]).cpu().numpy())
        return Pool(None, **{name: torch.cat([z, rows])}), known
