"""Informativeness from the query strategies of `scikit-activeml`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._seeds import drawn_seed
from openal.errors import ArgumentError
from openal.integrations._named import named
from openal.parts import signal
from openal.view import View

__all__ = ["SkActiveML", "logistic_regression"]

TOOL = "skactiveml.pool"

MODELS = ("clf", "estimator", "ensemble", "discriminator")
"""What the strategies call the classifier they take."""


def logistic_regression() -> Any:
    """The classifier by default: scikit-learn's, on the embeddings."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


@dataclass(frozen=True)
class SkActiveML:
    """The utilities of a query strategy of scikit-activeml, as for a query of one item.

    The strategy sees the embeddings of the known answers with their labels, and those of the
    candidates without. Before answers of two classes there is nothing to classify: all candidates
    are alike, the order is that of the stages before, and the diagnostics say so.

    Utilities are those for a first item alone: a strategy that spreads a batch loses that here, and
    one that scores only some candidates (`TypiClust`, `DropQuery`) ends in a `ScoreError`. It knows
    no UNKNOWN: in an open set let a purity go first. The embeddings of all candidates are in memory
    at once, and a strategy may take more: `Quire` compares all pairs, `ExpectedErrorReduction`
    trains a classifier for each candidate and class.

    Needs `pip install openal[skactiveml]`.

    Attributes:
        strategy: the name of a class of `skactiveml.pool`, or a function that makes one; both get
            the options and a `random_state`.
        options: the keyword arguments that the strategy is made with:
            `SkActiveML("UncertaintySampling", {"method": "entropy"})`.
        classifier: makes the classifier of a strategy that takes one: a function without arguments
            that returns an estimator of scikit-learn (a forest for `QueryByCommittee`) or a
            classifier of scikit-activeml. Its seeds are set.
        embeddings: the name of the signal [N, D] that the strategy sees.
    """

    role: ClassVar[str] = "informativeness"

    strategy: str | Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    classifier: Callable[[], Any] = logistic_regression
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        for name in ("strategy", "classifier"):
            given = getattr(self, name)
            if not (callable(given) or (name == "strategy" and isinstance(given, str))):
                raise ArgumentError(f"{name} must be a function, got {given!r}.")

    def __call__(self, view: View) -> Tensor:
        """The utilities [n], float32."""
        seed = drawn_seed(view.generator())
        strategy = self._made(seed)
        models = self._models(strategy, view.num_classes, seed)
        if models and len(view.labels.unique()) < 2:
            view.notes["scikit_activeml"] = "all alike before answers of two classes"
            return torch.zeros(len(view.pool), dtype=torch.float32, device="cpu")
        known, candidates = (_array(rows[self.embeddings]) for rows in (view.known, view.pool))
        labels = np.full(len(known) + len(candidates), np.nan)
        labels[: len(known)] = view.labels.cpu().numpy()
        x = np.concatenate([known, candidates])
        _, utilities = strategy.query(x, labels, return_utilities=True, **models)
        # Equal rows may differ in the last bits of float64.
        return torch.from_numpy(np.float32(utilities[0, len(known) :]))

    def _made(self, seed: int) -> Any:
        make = named(self.strategy, TOOL) if isinstance(self.strategy, str) else self.strategy
        return make(**self.options, random_state=seed)

    def _models(self, strategy: Any, num_classes: int, seed: int) -> dict[str, Any]:
        """The classifier under the name by which the strategy takes it."""
        asked = inspect.signature(strategy.query).parameters
        if "reg" in asked:
            raise ArgumentError(f"{self.strategy!r} is for regression; there are only classes.")
        return {name: self._model(num_classes, seed) for name in MODELS if name in asked}

    def _model(self, num_classes: int, seed: int) -> Any:
        from skactiveml.base import SkactivemlClassifier
        from skactiveml.classifier import SklearnClassifier

        model = self.classifier()
        if not isinstance(model, SkactivemlClassifier):
            model = SklearnClassifier(model)
        seeds = {"random_state", "estimator__random_state"} & model.get_params().keys()
        return model.set_params(classes=list(range(num_classes)), **dict.fromkeys(seeds, seed))


def _array(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.double().cpu().numpy()
    return array
