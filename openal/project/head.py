"""Head: a trained classifier of a project as plain numbers, in a file that any program can read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from openal._files import write_whole
from openal.errors import ArgumentError, CheckpointError
from openal.labeled import LabeledSet
from openal.learners import CalibratedDetector, EmbeddingClassifier
from openal.learners._layers import Layers
from openal.learners._weight_files import read_weights
from openal.pool import Pool

__all__ = ["Head", "trained_head"]

FORMAT = "openal classifier 1"
BLOCK_ROWS = 4096
CLASS, DETECTOR, CALIBRATION = "class", "detector", "known"


@dataclass(frozen=True, eq=False)
class Head:
    """A classifier on embeddings z: which class an image is of, and whether of any.

    The logits of the classes are z @ weight.T + bias. The probability of a known class is a
    sigmoid of slope * (logsumexp(d[:K]) - d[K]) + offset, where d are the logits of a detector
    with one more output; 1/2 before there are answers of both kinds.

    Attributes:
        tensors: `class.weight` [K, D], `class.bias` [K], `detector.weight` [K + 1, D],
            `detector.bias` [K + 1], `known.slope` and `known.offset` [].
        card: what it was trained on, as texts: classes, encoder, answers, accuracy.
    """

    tensors: Mapping[str, Tensor]
    card: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(self.card["classes"])

    def predict(self, embeddings: Any) -> tuple[Tensor, Tensor]:
        """The probabilities of the classes [n, K], and those of a known class [n]; float64.

        `embeddings` is anything that gives rows [n, D] for a slice.
        """
        parts = [
            self._block(torch.from_numpy(np.asarray(embeddings[at : at + BLOCK_ROWS], np.float64)))
            for at in range(0, len(embeddings), BLOCK_ROWS)
        ]
        return torch.cat([probs for probs, _ in parts]), torch.cat([known for _, known in parts])

    def _block(self, z: Tensor) -> tuple[Tensor, Tensor]:
        t = self.tensors
        logits = z @ t["class.weight"].T + t["class.bias"]
        d = z @ t["detector.weight"].T + t["detector.bias"]
        log_odds = d[:, :-1].logsumexp(dim=1) - d[:, -1]
        return logits.softmax(dim=1), (t["known.slope"] * log_odds + t["known.offset"]).sigmoid()

    def save(self, path: Path) -> None:
        """Write it whole: the numbers as safetensors, with the card inside."""
        metadata = {"format": FORMAT, "card": json.dumps(self.card, ensure_ascii=False)}
        write_whole(path, save(dict(self.tensors), metadata))

    @classmethod
    def load(cls, path: Path) -> "Head":
        """The one of a file; a CheckpointError where it is none."""
        tensors, metadata = read_weights(path)
        try:
            if metadata["format"] != FORMAT:
                raise ValueError(f"its format is {metadata['format']!r}")
            card = json.loads(metadata["card"])
            _require_card(card)
            _require_tensors(tensors, len(card["classes"]))
        except (KeyError, ValueError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path} is no classifier of openal: {error!s:.100}.") from error
        return cls(tensors, card)


def _require_card(card: Any) -> None:
    """Refuse a card without the names of the classes, or with answers that are no counts."""
    classes = card["classes"] if isinstance(card, dict) and "classes" in card else None
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("its card has no list of classes")
    answers = card.get("answers", {})
    if not isinstance(answers, dict) or not all(isinstance(n, int) for n in answers.values()):
        raise ValueError("its card has no counts of answers")


def _require_tensors(tensors: Mapping[str, Tensor], count: int) -> None:
    """Refuse numbers of another type or shape than `save` writes, and what is not finite."""
    width = tensors[f"{CLASS}.weight"].shape[-1:]
    shapes = {
        f"{CLASS}.weight": (count, *width),
        f"{CLASS}.bias": (count,),
        f"{DETECTOR}.weight": (count + 1, *width),
        f"{DETECTOR}.bias": (count + 1,),
        f"{CALIBRATION}.slope": (),
        f"{CALIBRATION}.offset": (),
    }
    for name, shape in shapes.items():
        x = tensors[name]
        if x.shape != shape or x.dtype != torch.float64 or not bool(x.isfinite().all()):
            raise ValueError(f"{name} must be {[*shape]} finite numbers in float64")


def trained_head(pool: Pool, labeled: LabeledSet, card: Mapping[str, Any]) -> Head:
    """The classifier and the detector of the answers so far."""
    if not len(labeled.known_indices):
        raise ArgumentError(
            "there is no answer yet that names a class; type openal query, and openal import the "
            "answers."
        )
    classifier = EmbeddingClassifier().fit(pool, labeled, progress=False)
    calibrated = CalibratedDetector().fit(pool, labeled, progress=False)
    detector: Any = calibrated.detector
    tensors = {
        **_linear(CLASS, classifier.function),
        **_linear(DETECTOR, detector.function),
        f"{CALIBRATION}.slope": torch.tensor(calibrated.slope, dtype=torch.float64),
        f"{CALIBRATION}.offset": torch.tensor(calibrated.offset, dtype=torch.float64),
    }
    return Head({name: x.double().cpu().contiguous() for name, x in tensors.items()}, card)


def _linear(name: str, function: Any) -> dict[str, Tensor]:
    """A linear layer that was fitted to centered and scaled embeddings, for those as they are."""
    if not isinstance(function, partial):
        raise TypeError(f"{function!r} is no fitted layer")
    layers: Layers = function.keywords["layers"]
    (last,) = layers.weights
    weight = last[:, :-1] / layers.scale
    return {f"{name}.weight": weight, f"{name}.bias": last[:, -1] - weight @ layers.center}
