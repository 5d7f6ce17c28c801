"""The experiments of four papers, each a name: `openal simulate --recipe lfosa`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import ceil
from typing import Any

import numpy as np

from openal._checks import as_number
from openal.errors import ArgumentError
from openal.learners import Classifier
from openal.simulate.classes import closest, known_classes
from openal.simulate.conditions import Conditions
from openal.simulate.split import AnswerProtocol

__all__ = ["RECIPES", "Recipe", "recipe_of"]


@dataclass(frozen=True)
class Recipe:
    """An experiment: data, first answers, budget, rounds, ratios, task network, rivals, seeds.

    Attributes:
        first: the number of first answers; below 1, a share of the known items; 0, a cold start.
        budget: the answers per query.
        rounds: the number of queries.
        task: the classifier that is trained on the images in every round.
        strategies: the names of the strategies that are compared.
        seeds: one split and one run of each strategy for each seed.
        data: the name of the data set, as `image_data` takes it.
        mismatch: the shares of classes that are known.
        ood_ratio: the shares of unknown items in the pool; None keeps all unknown items.
        protocol: where the first answers come from: "clipnal", "known" or "random".
        drawn: whether each seed has its own known classes; else the first ones are known.
        same_start: whether every round trains from the same initial weights.
        encoder: where the embeddings come from that strategies read; None for no embeddings.
        thin: whether known items are left out where the unknown ones are too few for a ratio.
        own_schedules: the share of their papers' epochs for which the strategies' networks are
            trained, with their own rates and batches; 0: as the task network is.
        whole: whether the accuracy on the whole data set is told beside the strategies'.
        elsewhere: what differs on other data sets than `data`, by their names; "" is any other.
    """

    first: float
    budget: int
    rounds: int
    task: Classifier
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    data: str = "cifar10"
    mismatch: tuple[float, ...] = (0.2, 0.3, 0.4)
    ood_ratio: tuple[float | None, ...] = (None,)
    protocol: AnswerProtocol = "known"
    drawn: bool = False
    same_start: bool = False
    encoder: str | None = None
    thin: bool = False
    own_schedules: float = 0.0
    whole: bool = False
    elsewhere: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def on(self, dataset: str) -> "Recipe":
        """The recipe with what it says about a data set."""
        known = dataset == self.data
        changes = {} if known else self.elsewhere.get(dataset, self.elsewhere.get("", {}))
        task = _names(Classifier) - _names(Recipe)
        learner = {name: value for name, value in changes.items() if name in task}
        others = {name: value for name, value in changes.items() if name not in task}
        return replace(self, data=dataset, task=replace(self.task, **learner), **others)

    def scaled(self, scale: float) -> "Recipe":
        """The recipe with a share of its epochs, its rounds, its budget and its first answers."""
        if as_number(scale, "scale", above=0, maximum=1) == 1:
            return self
        step_size = max(1, round(scale * self.task.step_size))
        epochs = max(1, round(scale * self.task.epochs))
        return replace(
            self,
            first=self.first if self.first < 1 else max(1, round(scale * self.first)),
            budget=max(1, round(scale * self.budget)),
            rounds=max(2, round(scale * self.rounds)),
            task=replace(self.task, epochs=epochs, step_size=step_size),
            own_schedules=scale * self.own_schedules,
        )

    def conditions(
        self, labels: np.ndarray, names: tuple[str, ...], **more: Any
    ) -> list[Conditions]:
        """The conditions at every pair of ratios, for the class ids [n] of the items."""
        return [
            self._conditions_at(labels, names, mismatch, ratio, more)
            for mismatch in self.mismatch
            for ratio in self.ood_ratio
        ]

    def _conditions_at(
        self,
        labels: np.ndarray,
        names: tuple[str, ...],
        mismatch: float,
        ratio: float | None,
        more: Mapping[str, Any],
    ) -> Conditions:
        count = len(known_classes(len(names), mismatch, 0))
        first = self.first
        if (
            0 < first < 1
        ):  # a share of known items; classes are alike in size, or the first are known
            first = round(first * float(np.isin(labels, range(count)).sum()))
        share = 0 if ratio is None else as_number(ratio, "ood_ratio", minimum=0, below=1)
        least = ceil(count / (1 - share * (self.protocol == "clipnal")))
        return Conditions(
            first=max(int(first), least) if self.first else 0,
            mismatch=mismatch,
            known=None if self.drawn else tuple(range(count)),
            ood_ratio=ratio,
            protocol=self.protocol,
            rounds=self.rounds,
            budget=self.budget,
            task=self.task,
            same_start=self.same_start,
            thin=self.thin,
            own_schedules=self.own_schedules,
            on_images=True,
            **more,
        )


def _names(kind: type[Classifier | Recipe]) -> set[str]:
    return {field.name for field in fields(kind)}


LFOSA = Recipe(
    first=0.01,
    budget=1500,
    rounds=10,
    task=Classifier(),
    strategies=(
        "Random",
        "Uncertainty",
        "CertaintySampling",
        "Coreset",
        "BALD",
        "OpenMax",
        "LfOSA",
    ),
    seeds=(1, 2, 3, 4),
    elsewhere={"": {"first": 0.08}},
)
RECIPES = {
    "clipnal": Recipe(
        first=500,
        budget=500,
        rounds=9,
        task=Classifier(
            epochs=200,
            batch_size=64,
            lr=0.1,
            gamma=0.1,
            step_size=100,
            milestones=(0.5, 0.75),
            steps_per_epoch=100,
        ),
        strategies=(
            *("Random", "LeastConfidenceSampling", "LearningLoss", "Coreset"),
            *("MQNet(PredictedLoss())", "LfOSA", "EOAL", "CLIPNAL"),
        ),
        own_schedules=1.0,
        whole=True,
        seeds=(0, 1, 2, 3, 4),
        ood_ratio=(0.1, 0.2, 0.4, 0.6),
        protocol="clipnal",
        drawn=True,
        same_start=True,
        encoder="ViT-B-16/laion2b_s34b_b88k",
        elsewhere={"tiny-imagenet": {"first": 1000, "budget": 1000, "epochs": 300}},
    ),
    "lfosa": LFOSA,
    "lfosa-openness": replace(
        LFOSA, mismatch=(0.4,), ood_ratio=(0.0, 0.2, 0.4, 0.6, 0.8, 0.9), thin=True
    ),
    "jsosal": replace(
        LFOSA,
        budget=1000,
        task=Classifier(weight_decay=1e-3),
        strategies=(
            *("Random", "Uncertainty", "LeastConfidenceSampling", "Coreset"),
            *("LfOSA", "JSOSAL"),
        ),
        seeds=(0, 1, 2),
    ),
    "neat": replace(
        LFOSA,
        budget=400,
        rounds=9,
        mismatch=(0.2,),
        drawn=True,
        same_start=True,
        strategies=(
            *("Random", "Uncertainty", "CertaintySampling", "Coreset", "BADGE", "OpenMax"),
            *("MQNet(PredictedLoss())", "BGADL(augment=True)", "LfOSA", "NEATPassive", "NEAT"),
        ),
        seeds=(0, 1, 2),
        encoder="ViT-B-32/openai",
    ),
}
"""As the papers say, else as their authors' code does; what neither says is LfOSA's.

JSOSAL's paper gives no schedule, rounds and seeds: ten rounds and LfOSA's schedule are ours, and so
is the least confidence as its second uncertainty. In NEAT's the known classes are drawn, as its
paper says; its code takes the first. BGADL generates embeddings there, not images; the figures that
NEAT's authors publish under the name come from least confidence. MQNet's
contrastive network is not trained: its purity reads the embeddings. LfOSA's openness goes up to
90 %, for which known items are thinned where the unknown ones are too few. JSOSAL's images and
those of LfOSA are also rotated by up to 15 degrees in LfOSA's code; `CropFlip` does not. CLIPNAL
has ten evaluations, and therefore nine queries; there LfOSA, LL and EOAL keep the schedules of
their own studies (appendix C).
"""


def recipe_of(name: str) -> Recipe:
    """The recipe of that name, or an ArgumentError with those there are."""
    if name not in RECIPES:
        raise ArgumentError(f"unknown recipe {name!r}{closest(name, [*RECIPES])}")
    return RECIPES[name]
