"""What is compared, with which task network, and at which shares of unknown items."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from benchmarks.own_network.data import Images
from openal.learners import Classifier, CropFlip, Detector, EmbeddingClassifier, SmallCNN
from openal.learners.networks import Standardize
from openal.query import QueryStrategy
from openal.simulate import Conditions, conditions_at
from openal.simulate.bounds import BOUNDS
from openal.strategies import (
    JSOSAL,
    NEAT,
    KnownKMeans,
    LfOSA,
    MarginSampling,
    ProbCover,
    Random,
)

__all__ = ["TASKS", "Plan", "ResNet9", "compared", "conditions", "names", "task_network"]

LIKE = ("lr", "schedule", "steps_per_epoch", "augment", "device")
PIXELS = "LfOSA, pixels"
TASKS = ("cnn", "resnet9", "tuned", "linear")


@dataclass(frozen=True)
class Plan:
    """How much is asked, and in how many epochs of `steps` batches each network learns it.

    A network takes as many steps for few answers as for many, so that it converges on both.
    """

    first: int = 40
    budget: int = 80
    rounds: int = 4
    mismatch: float = 0.4
    ood_ratio: tuple[float, ...] = (0.4, 0.6, 0.8)
    epochs: int = 15
    steps: int = 10


PLANS: Mapping[str, Plan] = {
    "cifar10": Plan(),
    "tiny-imagenet": Plan(first=120, budget=120, mismatch=0.1, ood_ratio=(0.6, 0.8)),
    "cifar10-jpeg": Plan(first=100, budget=400, rounds=5, ood_ratio=(0.6,), epochs=40, steps=20),
}
"""By the name of the data. Nothing here was chosen by what a method reaches with it."""


@dataclass(frozen=True)
class ResNet9:
    """Makes a residual network of eight convolutions for a GPU, for pixels 0..255."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    width: int = 64

    def __call__(self, num_outputs: int) -> nn.Module:
        """A new network with so many outputs."""
        w = self.width
        return nn.Sequential(
            Standardize(self.mean, self.std),
            _convolution(3, w),
            _convolution(w, 2 * w, pool=True),
            _Residual(2 * w),
            _convolution(2 * w, 4 * w, pool=True),
            _convolution(4 * w, 8 * w, pool=True),
            _Residual(8 * w),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(8 * w, num_outputs),
        )


class _Residual(nn.Module):
    """Two convolutions whose output is added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            _convolution(channels, channels), _convolution(channels, channels)
        )

    def forward(self, x: Any) -> Any:
        """The sum."""
        return x + self.inner(x)


def _convolution(inputs: int, outputs: int, *, pool: bool = False) -> nn.Module:
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(), *([nn.MaxPool2d(2)] if pool else []))


def task_network(name: str, images: Images, side: int, plan: Plan) -> Any:
    """The classifier that every round trains anew.

    "cnn" and "resnet9" learn the pixels from scratch; "tuned" trains two layers behind the frozen
    MobileNetV2, "linear" one.
    """
    if name == "linear":
        return EmbeddingClassifier()
    if name == "tuned":
        return EmbeddingClassifier(hidden=128)
    small = name == "cnn"
    return Classifier(
        (SmallCNN if small else ResNet9)(images.mean, images.std),
        plan.epochs,
        32 if small else 128,
        lr=0.05 if small else 0.1,
        schedule="cosine" if small else "one_cycle",
        steps_per_epoch=plan.steps,
        augment=CropFlip(side // 8),
    )


def conditions(plan: Plan, task: Any) -> list[Conditions]:
    """One for each share of unknown items; known items are thinned where it needs that."""
    one = Conditions(
        first=plan.first,
        rounds=plan.rounds,
        budget=plan.budget,
        test_share=0.0,
        task=task,
        thin=True,
    )
    return conditions_at(one, [plan.mismatch], plan.ood_ratio)


def compared(task: Any) -> dict[str, QueryStrategy]:
    """Ten methods and both bounds. Detectors learn embeddings, but for one that learns pixels.

    The last one has LfOSA's detector as its paper does: a network like the task network, trained
    from scratch on all answers.
    """
    methods: dict[str, QueryStrategy] = {
        "Random": Random(),
        **BOUNDS,
        "Margin": MarginSampling(),
        "JSOSAL": JSOSAL(),
        "LfOSA": LfOSA(),
        "ProbCover": ProbCover(),
        "NEAT": NEAT(),
        "NEAT, balanced": NEAT(balanced=True),
        "KnownKMeans": KnownKMeans(),
    }
    if isinstance(task, Classifier):
        detector = Detector(task.factory, epochs=task.epochs, batch_size=task.batch_size)
        like = {name: getattr(task, name) for name in LIKE}
        methods[PIXELS] = LfOSA(detector=replace(detector, **like))
    return methods


def names(task: str) -> list[str]:
    """What `compared` names with such a task network, before there is one."""
    learns_pixels = task in ("cnn", "resnet9")
    return [*compared(EmbeddingClassifier()), *([PIXELS] if learns_pixels else [])]
