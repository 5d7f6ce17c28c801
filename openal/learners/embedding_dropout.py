"""Monte-Carlo dropout on frozen embeddings: a hidden layer, some of whose units are dropped."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from openal.checks import as_count, as_number
from openal.labeled import LabeledSet
from openal.learners.embedding_network import StepSettings, fit_network_on, hidden_network
from openal.learners.embedding_training import FittedOnEmbeddings
from openal.learners.fixed_dropout import sampled_logits
from openal.learners.loss import weighted_cross_entropy
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.view import reads

__all__ = ["EmbeddingDropout"]


@dataclass(frozen=True)
class EmbeddingDropout:
    """Learns the K classes from the known answers, on frozen embeddings, with dropout.

    Offers `mc_logits` [N, T, K]. One layer of `hidden` rectified units, of which a share `p` is
    dropped in training and in the `samples` passes of the trained network: sample t drops the
    same units for all items, and so is a network, decided by the seed of the query. It is trained
    from scratch by at least `steps` steps of SGD, less than a second for a thousand answers.

    Before any known answer the logits are those of the seeded initial weights. `device=None`:
    where the embeddings are.

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016. They drop
    before every layer; here the embeddings stay whole, which the encoder has not learnt to miss.
    """

    samples: int = 10
    p: float = 0.5
    hidden: int = 256
    steps: int = 200
    batch_size: int = 64
    lr: float = 0.03
    weight_decay: float = 5e-4
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("mc_logits",)

    def __post_init__(self) -> None:
        as_count(self.samples, "samples", minimum=1)
        as_count(self.hidden, "hidden", minimum=1)
        as_number(self.p, "p", above=0, below=1)
        settings_of(self, StepSettings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained network; neither the pool nor the labeled set is changed."""
        make = partial(
            hidden_network, num_outputs=labeled.num_classes, hidden=self.hidden, dropout=self.p
        )
        network = fit_network_on(
            pool,
            self.embeddings,
            labeled,
            make,
            loss=weighted_cross_entropy,
            settings=settings_of(self, StepSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        sampled = SampledNetwork(network, self.samples, seed)
        return FittedOnEmbeddings(sampled, self.offers, self.embeddings, self.device)


@dataclass(frozen=True, eq=False)
class SampledNetwork:
    """A hidden layer on embeddings, and samples of what follows it."""

    network: Any  # with modules `scaled`, `hidden`, `dropout` and `output`
    samples: int
    seed: int

    def __call__(self, z: Tensor) -> dict[str, Tensor]:
        """`mc_logits` [n, T, K] of embeddings [n, D]."""
        network = self.network
        units = network.hidden(network.scaled(z.to(network.scaled.center)))
        head = nn.Sequential(network.dropout, network.output)  # only what follows is sampled
        sampled = sampled_logits(head, [network.dropout], units, self.samples, self.seed)
        return {"mc_logits": sampled}
