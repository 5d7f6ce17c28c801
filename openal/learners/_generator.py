"""New labeled embeddings that resemble the answered ones: a class-conditional autoencoder."""

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from openal._checks import as_count, as_finite, as_number
from openal._contexts import own_contexts
from openal._seeds import derived_seed, drawing_from
from openal._threads import one_thread
from openal.learners._sgd import batches_of, shuffled
from openal.learners._small_network import Layer, Scaled

__all__ = ["ConditionalAutoencoder", "GeneratorSettings", "generated"]

LEARNING_RATE = 1e-3
BATCH_SIZE = 64
LARGEST_LOG_VARIANCE = 10.0


@dataclass(frozen=True)
class GeneratorSettings:
    """How many copies of each answer are made, and how what makes them is trained."""

    copies: int
    latent: int
    width: int
    label_weight: float
    generator_steps: int

    def __post_init__(self) -> None:
        for name in ("copies", "latent", "width", "generator_steps"):
            as_count(getattr(self, name), name, minimum=1)
        as_number(self.label_weight, "label_weight", minimum=0)


class ConditionalAutoencoder(nn.Module):
    """Encoder of a row, decoder of (latent, class), and a classifier that reads what is decoded."""

    def __init__(self, embeddings: Tensor, num_classes: int, settings: GeneratorSettings) -> None:
        super().__init__()
        size, width, latent = embeddings.shape[1], settings.width, settings.latent
        self.scaled, self.num_classes = Scaled(embeddings), num_classes
        self.encoder = _hidden(size, width, 2 * latent)
        self.decoder = _hidden(latent + num_classes, width, size)
        self.classifier = Layer(size, num_classes)
        for each in self.decoder[-1].parameters():
            nn.init.zeros_(each)  # untrained, all copies are the mean of the rows

    def forward(self, x: Tensor, labels: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Decoded rows [B, D] of scaled rows, and the divergence [B] of their latents.

        The latent is mu + sigma * `noise` [B, latent]; its divergence is from N(0, 1), in nats.
        """
        mu, log_variance = self.encoder(x).chunk(2, dim=1)
        log_variance = log_variance.clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
        latent = mu + (log_variance / 2).exp() * noise
        classes = one_hot(labels, self.num_classes).to(latent)
        divergence = (mu.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return self.decoder(torch.cat([latent, classes], dim=1)), divergence

    def loss(self, x: Tensor, labels: Tensor, noise: Tensor, label_weight: float) -> Tensor:
        """The negative ELBO per coordinate, and what the classifier makes of rows and copies.

        The likelihood is Gaussian with variance 1, which is the scale of the rows.
        """
        copies, divergence = self(x, labels, noise)
        bound = ((x - copies).square().sum(dim=1) / 2 + divergence).mean() / x.shape[1]
        logits = self.classifier(torch.cat([x, copies]))
        total: Tensor = bound + label_weight * cross_entropy(logits, labels.repeat(2))
        return total


@own_contexts()
def generated(
    embeddings: Tensor,
    labels: Tensor,
    *,
    copies: int = 1,
    latent: int = 16,
    width: int = 128,
    label_weight: float = 0.1,
    generator_steps: int = 500,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Rows [m * copies, D] like `embeddings` [m, D], decoded from samples, and their labels.

    A copy of row x with label y is decoder(sample of encoder(x), y), where both are trained on all
    m rows by `ConditionalAutoencoder.loss` with Adam. First comes a copy of each row, in their
    order, then the second copies. Without rows there are none; rows of one class that are all
    equal are copied as they are.

    Reference: Tran, Do, Reid and Carneiro, "Bayesian Generative Active Deep Learning", ICML 2019.
    Differences: rows are embeddings, not images; the auxiliary classifier is not the one that asks;
    there is no discriminator, so nothing but the likelihood asks a copy to look real; the ELBO
    counts per coordinate, or the cross-entropy would be lost among hundreds of them. The
    cross-entropy counts a tenth: it drives copies away from the other classes, at weight 1 visibly
    away from their own.
    """
    settings = GeneratorSettings(copies, latent, width, label_weight, generator_steps)
    z = as_finite(embeddings, "embeddings").float()
    if len(z) == 0:
        return embeddings.clone(), labels.clone()
    found, codes = labels.unique(return_inverse=True)  # a class without a row teaches nothing
    noise = torch.Generator().manual_seed(derived_seed(seed, 1))
    with one_thread(), torch.device("cpu"):  # for Adam counts steps on it
        with drawing_from(seed):  # the first weights alone: it slows each operation down
            network = ConditionalAutoencoder(z, len(found), settings).to(z.device)
        _train(network, network.scaled(z), codes, settings, noise)
        rows = [_copies(network, z, codes, latent, noise) for _ in range(copies)]
    return torch.cat(rows).to(embeddings), labels.repeat(copies)


def _train(
    network: ConditionalAutoencoder,
    x: Tensor,
    labels: Tensor,
    settings: GeneratorSettings,
    noise: torch.Generator,
) -> None:
    """Trains in place on scaled rows by at least so many steps."""
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    epochs = ceil(settings.generator_steps / batches_of(len(x), BATCH_SIZE))
    for _ in range(epochs):
        for rows in shuffled(len(x), BATCH_SIZE, noise):
            drawn = _drawn(len(rows), settings.latent, noise).to(x)
            rows = rows.to(x.device)
            optimizer.zero_grad()
            network.loss(x[rows], labels[rows], drawn, settings.label_weight).backward()
            optimizer.step()


@torch.no_grad()
def _copies(
    network: ConditionalAutoencoder, z: Tensor, labels: Tensor, latent: int, noise: torch.Generator
) -> Tensor:
    drawn = _drawn(len(z), latent, noise).to(z)
    copies: Tensor = network(network.scaled(z), labels, drawn)[0]
    return copies * network.scaled.scale + network.scaled.center


def _drawn(rows: int, latent: int, noise: torch.Generator) -> Tensor:
    return torch.randn(rows, latent, generator=noise, dtype=torch.float32, device="cpu")


def _hidden(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(Layer(inputs, width), nn.ReLU(), Layer(width, outputs))
