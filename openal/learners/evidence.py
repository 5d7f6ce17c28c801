"""A classifier, and evidence for known classes and kinds of unknown, on frozen embeddings."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from openal._checks import as_count
from openal._contexts import own_contexts
from openal._items import AnsweredSubset
from openal.functional._rows import unit_rows
from openal.functional._unknown_kinds import count_unknown_kinds
from openal.functional.k_means import k_means
from openal.functional.losses import evidential_loss
from openal.labeled import LabeledSet
from openal.learners._heads import FittedHeads, Head
from openal.learners._layers import LayerSettings
from openal.learners._on_embeddings import fit_embeddings, taken, with_values
from openal.learners._settings import settings_of
from openal.parts import signal
from openal.pool import Pool

__all__ = ["EmbeddingEvidence"]


@dataclass(frozen=True)
class EmbeddingEvidence:
    """Learns the K classes, and evidence for them and M kinds of unknown, on frozen embeddings.

    Offers `logits` [N, K] and `evidence_logits` [N, K + M]. One network: its classifier learns
    the known answers by cross-entropy, its evidential head all answers, where the unknown are M
    classes. M is the number with which k-means into K + M clusters recovers the known classes
    best, at most `max_kinds`; k-means of the unknown into M then tells which is of which kind. Both
    are made anew from all answers, so M may change between rounds.

    A linear layer, or one of `hidden` rectified units before it, which both heads then share;
    fitted by L-BFGS on all answers at once. Before any answer the logits are those of the seeded
    initial weights. `device=None`: where the embeddings are.

    Differences from the authors' code: no images, so no epochs over which the divergence is
    annealed, it has its full weight; the kinds of the unknown are k-means of the unknown alone.

    Args:
        hidden: hidden units; None: a linear layer.
        max_kinds: the most kinds of unknown that are tried.
        weight_decay: the weight of half the squared weights in the loss.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.

    Reference: E2OAL, arXiv 2603.07898.
    """

    cites = ("zong2026revisiting", "sensoy2018evidential")

    hidden: int | None = None
    max_kinds: int = 1000
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("logits", "evidence_logits")

    def __post_init__(self) -> None:
        settings_of(self, LayerSettings)
        as_count(self.max_kinds, "max_kinds", minimum=1)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    @own_contexts()
    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained heads; neither the pool nor the labeled set is changed."""
        k = labeled.num_classes
        answers, kinds = self._answers(pool, labeled, progress)
        layers = fit_embeddings(
            pool,
            self.embeddings,
            answers,
            k + k + kinds,
            names={"logits": "logits"},
            loss=partial(_loss, num_classes=k),
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        heads = {"logits": Head(0, (k,)), "evidence_logits": Head(k, (k + kinds,))}
        return FittedHeads(layers, heads)

    def _answers(
        self, pool: Pool, labeled: LabeledSet, progress: bool | None
    ) -> tuple[AnsweredSubset, int]:
        """All answers, the unknown ones as classes K..K+M-1, and M."""
        answers = labeled.detector_subset(range(labeled.size))
        answers = with_values(pool, self.embeddings, answers, progress)
        unknown = answers.targets == labeled.num_classes
        if not unknown.any():
            return answers, 1
        z = taken(pool, self.embeddings, answers.indices, torch.device("cpu"), progress)
        labels = torch.from_numpy(answers.targets)
        kinds = count_unknown_kinds(z, labels, labeled.num_classes, most=self.max_kinds)
        kind = k_means(unit_rows(z[torch.from_numpy(unknown)]), kinds).labels
        classes = answers.targets.copy()
        classes[unknown] += kind.numpy().astype(np.int64)
        return AnsweredSubset(answers.dataset, answers.indices, classes), kinds


def _loss(outputs: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    known = labels < num_classes
    evidence = evidential_loss(outputs[:, num_classes:], labels)
    if not known.any():
        return evidence
    return evidence + cross_entropy(outputs[known, :num_classes], labels[known])
