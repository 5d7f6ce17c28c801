"""What the texts of an image-text model say of each item: as they are, or tuned on the answers."""

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_number
from openal._contexts import own_contexts
from openal._fields import check_fields
from openal.errors import ArgumentError, ArrayError
from openal.functional._rows import unit_rows
from openal.labeled import LabeledSet
from openal.learners._layers import LayerSettings, minimize
from openal.learners._on_embeddings import FittedOnEmbeddings, answered_embeddings, with_values
from openal.parts import signal
from openal.pool import Pool

__all__ = ["Prompts", "TunedPrompts"]

OFFERS = ("prompt_logits",)


@dataclass(frozen=True, eq=False)
class Prompts:
    """Computes `prompt_logits` [N, K + M]: of each embedding with each class text and other text.

    They are the cosines times `scale`. The other texts say what the pool may hold beside the
    classes: a few things that are likely there, or one "unknown or artifact". An encoder such as
    `CLIP` turns names into texts: `clip.class_texts(names).yes`. Nothing is learned.

    Args:
        classes: directions of the class texts, [K, D], in the order of the classes.
        others: directions of the other texts, [M, D], at least one.
        scale: what the cosines are multiplied by, above 0; 100, CLIP's.
        embeddings: the name of the signal [N, D] that is read.

    Raises:
        ArgumentError: a `scale` that is not above 0.
        ArrayError: texts that are not [K, D] and [M, D], not finite, or none.

    >>> import numpy as np
    >>> pool = Pool(embeddings=torch.tensor([[3.0, 4.0]]))
    >>> prompts = Prompts(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    >>> prompts.fit(pool, LabeledSet(1, 1)).signals(pool, np.array([0]), ("prompt_logits",))
    {'prompt_logits': tensor([[60., 80.]])}
    """

    classes: Tensor = field(repr=False)
    others: Tensor = field(repr=False)
    scale: float = 100.0
    embeddings: str = signal("embeddings")

    offers: ClassVar[tuple[str, ...]] = OFFERS

    def __post_init__(self) -> None:
        check_fields(self)
        as_number(self.scale, "scale", above=0)
        _texts(self.classes, self.others)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The logits of the texts; no answer is read."""
        texts = self.scale * _texts(self.classes, self.others)
        return _fitted(texts, self.embeddings, len(self.classes), labeled)


@dataclass(frozen=True, eq=False)
class TunedPrompts:
    """The `prompt_logits` of texts that are tuned on the known and the UNKNOWN answers.

    Each text gets a residual of its own, fitted by the cross-entropy over the K classes and
    unknown, which is any of the other texts; `weight_decay` keeps the residuals small. Before any
    answer the texts are as they are. A few answers go a long way: with 20 the precision of what is
    predicted known goes from .32 to .86 (20 Caltech classes among all of Caltech and Pets, 17 %
    known).

    Args:
        classes: directions of the class texts, [K, D], in the order of the classes.
        others: directions of the other texts, [M, D], at least one.
        scale: what the cosines are multiplied by, above 0; 100, CLIP's.
        weight_decay: the weight of half the squared residuals, times `scale`, beside the mean
            cross-entropy, at least 0.
        steps: steps of the optimizer at most, at least 1.
        embeddings: the name of the signal [N, D] that is read.
        device: where the answers are learned; None: where the embeddings are.

    Raises:
        ArgumentError: a `scale` that is not above 0, a `weight_decay` below 0, `steps` below 1.
        ArrayError: texts that are not [K, D] and [M, D], not finite, or none.

    References: Nesturi, Duenas Gaviria, Zeng and Albarqouni, PromptGate, arXiv 2603.07163, 2026,
    which tunes tokens before the text tower; Yu et al., "Task Residual for Tuning Vision-Language
    Models", CVPR 2023, whose residuals stand behind it.
    """

    cites = ("nesturi2026promptgate", "yu2023task")

    classes: Tensor = field(repr=False)
    others: Tensor = field(repr=False)
    scale: float = 100.0
    weight_decay: float = 0.003
    steps: int = 100
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = OFFERS

    def __post_init__(self) -> None:
        check_fields(self)
        as_number(self.scale, "scale", above=0)
        as_number(self.weight_decay, "weight_decay", minimum=0)
        as_count(self.steps, "steps", minimum=1)
        _texts(self.classes, self.others)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    @own_contexts()
    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The logits of the tuned texts; neither the pool nor the labeled set is changed."""
        answers = labeled.detector_subset(range(labeled.size))
        answers = with_values(pool, self.embeddings, answers, progress)
        z = answered_embeddings(pool, self.embeddings, answers.indices, self.device, progress)
        texts = self.scale * _texts(self.classes, self.others).to(z.device)
        _require_width(z, texts, self.embeddings)
        labels = torch.from_numpy(answers.targets).to(z.device)
        if len(labels):
            settings = LayerSettings(None, self.weight_decay, self.steps)
            texts = texts + _residuals(unit_rows(z), labels, texts, len(self.classes), settings)
        return _fitted(texts, self.embeddings, len(self.classes), labeled, self.device)


def _texts(classes: Tensor, others: Tensor) -> Tensor:
    """All texts [K + M, D] at length one, float64; refuses what are none."""
    named = (as_finite(classes, "classes", ndim=2), as_finite(others, "others", ndim=2))
    if named[0].shape[1] != named[1].shape[1] or 0 in (len(named[0]), len(named[1])):
        shapes = f"{tuple(named[0].shape)} and {tuple(named[1].shape)}"
        raise ArrayError(f"classes and others must be [K, D] and [M, D], K, M > 0, got {shapes}.")
    return torch.cat([unit_rows(rows) for rows in named])


def _residuals(
    z: Tensor, labels: Tensor, texts: Tensor, num_classes: int, settings: LayerSettings
) -> Tensor:
    """What is added to the texts [K + M, D], learned from unit embeddings [m, D]."""
    residuals = torch.zeros_like(texts, requires_grad=True)

    def loss() -> Tensor:
        odds = (z @ (texts + residuals).T).log_softmax(dim=1)
        unknown = odds[:, num_classes:].logsumexp(dim=1, keepdim=True)
        by_label = torch.cat([odds[:, :num_classes], unknown], dim=1)
        return -by_label.gather(1, labels[:, None]).mean()

    minimize(loss, (residuals,), settings)
    return residuals.detach()


def _fitted(
    texts: Tensor,
    embeddings: str,
    count: int,
    labeled: LabeledSet,
    device: str | torch.device | None = None,
) -> FittedOnEmbeddings:
    if count != labeled.num_classes:
        raise ArgumentError(
            f"classes must hold one text for each of {labeled.num_classes} classes, got {count}."
        )
    logits = partial(_logits, texts=texts, name=embeddings)
    return FittedOnEmbeddings(logits, OFFERS, embeddings, device)


def _logits(z: Tensor, texts: Tensor, name: str) -> dict[str, Tensor]:
    _require_width(z, texts, name)
    return dict.fromkeys(OFFERS, unit_rows(z) @ texts.to(z.device).T)


def _require_width(z: Tensor, texts: Tensor, name: str) -> None:
    if z.shape[1] != texts.shape[1]:
        raise ArrayError(
            f"{name} have {z.shape[1]} columns and the texts {texts.shape[1]}; take both from one "
            f"encoder."
        )
