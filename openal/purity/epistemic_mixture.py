"""EpistemicMixture (EAOA): how certain a detector and the neighbors are of an item."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count
from openal.functional import mixture_posterior
from openal.functional.energy import epistemic_energy
from openal.functional.neighbors import reverse_neighbor_counts
from openal.functional.scaling import unit_range, with_ties_broken
from openal.learners import Detector, EmbeddingDetector
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["EpistemicMixture"]


@dataclass(frozen=True)
class EpistemicMixture(Part):
    """How likely two epistemic energies of an item both belong to the lower of two Gaussians.

    One energy is that of a detector's `activations`. The other takes in their place how often the
    item is among the candidates most similar to an answered item, for each class and for UNKNOWN,
    each as if all had equally many answers. Over all candidates each is brought to [0, 1] and
    fitted with two Gaussians, and the posteriors of the lower ones are multiplied. Equal products
    go to the lower energies. Where an energy is the same for all, as before any answer, its
    posterior is 0.5.

    Brings EAOA's detector, with a margin between the energies of known and unknown:
    `EmbeddingDetector` where the pool has embeddings, else `Detector`.

    Args:
        neighbors: how many candidates with the most similar features count for each answer, at
            least 1; 250, as in the authors' code.
        activations: name of the signal [N, K + 1].
        features: name of the signal [N, d]; None: without the energy of neighbors.

    Raises:
        ArgumentError: `neighbors` below 1.

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach" (EAOA), CVPR 2025.
    """

    cites = ("zong2025rethinking",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    neighbors: int = 250
    _: KW_ONLY
    activations: str = signal("detector_logits")
    features: str | None = signal("detector_features")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.neighbors, "neighbors", minimum=1)

    @property
    def learners(self) -> tuple[Any, ...]:
        """EAOA's detector, with a margin between the energies of known and unknown."""
        margin = (-25.0, -7.0)
        return (
            Detector(temperature=1.0, energy_margin=margin),
            EmbeddingDetector(temperature=1.0, energy_margin=margin, weight_decay=0.003),
        )

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        energies = [view.map(epistemic_energy, self.activations)]
        if self.features is not None:
            energies.append(epistemic_energy(self._hits(view, self.features)))
        certainties = [_certainty(energy.to(energies[0].device)) for energy in energies]
        group = torch.zeros_like(certainties[0], dtype=torch.int64)
        posteriors = [mixture_posterior(certainty, group, 1) for certainty in certainties]
        mean_certainty = torch.stack(certainties).mean(dim=0)
        return with_ties_broken(torch.stack(posteriors).prod(dim=0), mean_certainty)

    def _hits(self, view: View, features: str) -> Tensor:
        """Reverse neighbor counts [n, K + 1] of the candidates, corrected for class sizes."""
        answered = [view.known[features]] if len(view.known) else []
        answered += [view.invalid[features]] if len(view.invalid) else []
        if not answered:
            n, columns = len(view.pool), view.num_classes + 1
            return torch.zeros(n, columns, dtype=torch.float32, device="cpu")
        unknown = torch.full((len(view.invalid),), view.num_classes, device="cpu")
        labels = torch.cat([view.labels, unknown])
        # Of equally near candidates those with the lowest index, in whatever order they stand.
        order = torch.from_numpy(np.argsort(view.pool.indices))
        counts = reverse_neighbor_counts(
            view.at(order).pool[features],
            torch.cat(answered),
            labels,
            view.num_classes + 1,
            self.neighbors,
        )
        back = order.argsort()
        return counts[back.to(counts.device)] * _size_weights(labels, counts)


def _size_weights(labels: Tensor, counts: Tensor) -> Tensor:
    """The mean number of answers of a class that has some, over that of each class, [K + 1]."""
    sizes = torch.bincount(labels, minlength=counts.shape[1]).to(counts)
    return sizes[sizes > 0].mean() / sizes.clamp(min=1)


def _certainty(energy: Tensor) -> Tensor:
    """From 1 for the lowest energy [n] to 0 for the highest, float64; 1 where all are equal."""
    return 1 - unit_range(energy.double())
