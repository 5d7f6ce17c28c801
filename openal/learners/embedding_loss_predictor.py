"""Learning Loss on frozen embeddings: a hidden layer, and what predicts its loss."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from openal.checks import as_count
from openal.labeled import LabeledSet
from openal.learners.embedding_network import (
    StepSettings,
    epochs_of,
    fit_network_on,
    hidden_network,
)
from openal.learners.embedding_training import FittedOnEmbeddings
from openal.learners.heads import FittedHeads
from openal.learners.loss_prediction import LossPredictingNetwork, joint_loss
from openal.learners.loss_predictor import LossSettings, loss_heads
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.view import reads

__all__ = ["EmbeddingLossPredictor"]


@dataclass(frozen=True)
class EmbeddingLossPredictor:
    """Learns the K classes from the known answers, on embeddings, and how wrong it is on each.

    Offers `predicted_loss` [N], whose order alone means something, and the classifier's `logits`
    [N, K]. The classifier has one layer of `hidden` rectified units; a `LossPrediction` of `width`
    units each reads the centered and scaled embeddings and these units. Both are trained from
    scratch by at least `steps` steps of SGD on cross-entropy plus `weight` times
    `functional.ranking_loss`; after `joint_share` of the epochs the gradient of the predicted
    loss no longer reaches the classifier. About a second for a thousand answers.

    Before any known answer all is as initialized by the seed. `device=None`: where the embeddings
    are.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019, who read the feature
    maps of a network on images; `LossPredictor` does.
    """

    hidden: int = 256
    width: int = 128
    margin: float = 1.0
    weight: float = 1.0
    joint_share: float = 0.6
    steps: int = 200
    batch_size: int = 64
    lr: float = 0.03
    weight_decay: float = 5e-4
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("predicted_loss", "logits")

    def __post_init__(self) -> None:
        as_count(self.hidden, "hidden", minimum=1)
        settings_of(self, LossSettings)
        settings_of(self, StepSettings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained classifier and its loss prediction; pool and labeled set are unchanged."""
        settings = settings_of(self, StepSettings)
        epochs, batches = epochs_of(len(labeled.known_indices), settings)
        steps = settings_of(self, LossSettings).joint_steps(epochs, batches)
        network = fit_network_on(
            pool,
            self.embeddings,
            labeled,
            partial(self._network, num_outputs=labeled.num_classes, joint_steps=steps),
            loss=partial(joint_loss, margin=self.margin, weight=self.weight),
            settings=settings,
            device=self.device,
            seed=seed,
            progress=progress,
        )
        outputs = partial(_outputs, network=network)
        fitted = FittedOnEmbeddings(outputs, ("logits",), self.embeddings, self.device)
        return FittedHeads(fitted, loss_heads(labeled.num_classes))

    def _network(self, embeddings: Tensor, *, num_outputs: int, joint_steps: int) -> nn.Module:
        network = hidden_network(embeddings, num_outputs, hidden=self.hidden, dropout=0)
        one = torch.zeros(1, embeddings.shape[1], dtype=torch.float32, device="cpu")
        layers = ("scaled", "hidden")
        return LossPredictingNetwork(network.cpu(), layers, one, joint_steps, self.width)


def _outputs(z: Tensor, network: nn.Module) -> dict[str, Tensor]:
    return {"logits": network(z.to(next(network.parameters())))}
