"""A K + 1 detector on frozen embeddings."""

from dataclasses import dataclass

import torch

from openal.labeled import LabeledSet
from openal.learners.detection import Detection
from openal.learners.embedding_training import FittedOnEmbeddings, fit_embeddings
from openal.learners.layers import LayerSettings
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.view import reads

__all__ = ["EmbeddingDetector"]


@dataclass(frozen=True)
class EmbeddingDetector:
    """Learns from all answers, on frozen embeddings, which of the K classes an item is, or none.

    Offers `detector_logits` [N, K + 1], the last for unknown, and `detector_features`; with
    `binary` only `binary_logits` [N, 2], known and unknown. Logits are raw: the `temperature`
    divides them in the loss and nowhere else, which keeps them small. `use_invalid=False` learns
    from known answers only; `class_weights` makes rare classes count as much as frequent ones,
    at most `max_weight_ratio` times the least weight. `energy_margin=(-25, -7)` also asks for the
    energy of known items to be below the first and of unknown items to be above the second
    number: `energy_margin_loss`, which counts 0.01 times (EAOA, at temperature 1). Energies then
    tell known from unknown a little better, and the largest of the K + 1 logits tells worse. At
    the usual weight decay the known reach about three quarters of their bound; 0.003 lets them
    reach it.

    A linear layer, or one of `hidden` rectified units before it; features are these units, or
    the embeddings centered and scaled. It is fitted from scratch, by L-BFGS on all answers at
    once: a fraction of a second for a thousand. Without hidden units the seed decides nothing.
    `weight_decay` is the one knob: less of it gives surer logits.

    Before any answer the logits are those of the seeded initial weights; a class, or unknown,
    that nobody answered yet gets low and finite logits. `device=None`: where the embeddings are.

    References: Ning et al., "Active Learning for Open-set Annotation" (LfOSA), CVPR 2022;
    Zhang et al., "Joint Sampling for Open-Set Active Learning" (JSOSAL); Zong and Huang,
    "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set Annotation" (EAOA), CVPR
    2025. All train a network on images; `Detector` does.
    """

    temperature: float = 0.5
    hidden: int | None = None
    binary: bool = False
    use_invalid: bool = True
    class_weights: bool = False
    max_weight_ratio: float | None = None
    energy_margin: tuple[float, float] | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    def __post_init__(self) -> None:
        settings_of(self, Detection)
        settings_of(self, LayerSettings)

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""
        return tuple(settings_of(self, Detection).names)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained detector; neither the pool nor the labeled set is changed."""
        detection = settings_of(self, Detection)
        answers = detection.answers(labeled, range(labeled.size))
        outputs = detection.num_outputs(labeled.num_classes)
        return fit_embeddings(
            pool,
            self.embeddings,
            answers,
            outputs,
            names=detection.names,
            loss=detection.loss(answers.classes, outputs),
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
