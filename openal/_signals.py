"""The signals of one query: what the standard ones hold, and what comes from their sources."""

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from torch import Tensor

from openal._checks import first_bad_row
from openal._sources import KEPT, Computed, Derived, Kept, Source, Stored, Trainable, frozen
from openal.errors import ArgumentError, ArrayError, MissingSignalError

__all__ = ["STANDARD", "QuerySignals", "Standard", "ways_to_offer"]


@dataclass(frozen=True)
class Standard:
    """What a signal of a standard name holds for N items, K classes; other letters are any number.

    `shape` is written as in "N K+1"; "K+" is K or more. `about` says what it is, and `offered_by`
    what can be given where nobody offers it. `raw` signals come from before a softmax; `cosines`
    lie in -1..1.
    """

    shape: str
    about: str
    offered_by: tuple[str, ...] = ()
    raw: bool = False
    cosines: bool = False

    def expected(self, num_classes: int) -> tuple[int | None, ...]:
        """The sizes per item, None for any."""
        return _sizes(self.shape, num_classes)


STANDARD: dict[str, Standard] = {
    "embeddings": Standard("N D", "a frozen encoder's", ("CLIP(...)", "Encoder(network)")),
    "features": Standard(
        "N d", "the classifier's penultimate layer", ("EmbeddingClassifier(hidden=128)",)
    ),
    "logits": Standard("N K", "the classifier's, raw", ("EmbeddingClassifier()",), raw=True),
    "mc_logits": Standard(
        "N T K", "T stochastic passes", ("MCDropout(network)", "EmbeddingDropout()"), raw=True
    ),
    "detector_logits": Standard(
        "N K+1",
        "a detector's, the unknown class last",
        ("EmbeddingDetector()", "Detector()"),
        raw=True,
    ),
    "detector_features": Standard(
        "N d", "the detector's penultimate layer", ("EmbeddingDetector()", "Detector()")
    ),
    "binary_logits": Standard(
        "N 2", "known against unknown", ("EmbeddingDetector(binary=True)",), raw=True
    ),
    "head_logits": Standard(
        "N 2 K",
        "a yes-or-no head's for each class: no, then yes",
        ("EmbeddingOneVsAll()", "OneVsAll()"),
    ),
    "evidence_logits": Standard(
        "N K+M", "of the classes, and of M kinds of unknown", ("EmbeddingEvidence()",)
    ),
    "predicted_loss": Standard(
        "N", "what a loss prediction expects of the classifier", ("EmbeddingLossPredictor()",)
    ),
    "yes_cosines": Standard(
        "N K",
        "of the embedding with a text of each class",
        ("TextCosines(yes, no)",),
        cosines=True,
    ),
    "no_cosines": Standard(
        "N K",
        "of the embedding with a text of each class's absence",
        ("TextCosines(yes, no)",),
        cosines=True,
    ),
    "prompt_logits": Standard(
        "N K+M",
        "an image-text model's: of a text of each class, and of M other things",
        ("Prompts(classes, others)", "TunedPrompts(classes, others)"),
        raw=True,
    ),
}
"""The signals that parts read by default; `docs/concepts.md` prints this table."""

FEW = 4096
"""So many rows are always taken."""

MANY = 3
"""So many rows do not add up to 1 by chance."""


def ways_to_offer(name: str) -> list[str]:
    """What a user may give for a signal that nobody offers."""
    ways, standard = [f"Pool(..., {name}=an array or a learner)"], STANDARD.get(name)
    if standard is None:
        return ways
    ways += [f"Pool(..., {name}={learner})" for learner in standard.offered_by]
    ways[-1] += ", from openal.learners" * bool(standard.offered_by)
    return ways + ["CLIPNAL(clip), with the encoder of the embeddings"] * standard.cosines


@cache
def _sizes(shape: str, num_classes: int) -> tuple[int | None, ...]:
    """The sizes per item that a shape stands for, None for any."""
    return tuple(_size(word, num_classes) for word in shape.split()[1:])


def _size(word: str, num_classes: int) -> int | None:
    """How many a word of a shape stands for: a number, K, K + a number; None for any."""
    first, _, more = word.partition("+")
    if first == "K" and (not more or more.isdigit()):
        return num_classes + int(more or 0)
    return int(word) if word.isdigit() else None


class QuerySignals:
    """The signals of one query: trains and computes what is read, checks what comes."""

    def __init__(
        self,
        pool: Any,
        sources: dict[str, Source],
        labeled: Any,
        *,
        seed: int,
        progress: bool | None,
    ) -> None:
        self._pool, self._sources, self._labeled = pool, sources, labeled
        self._seed, self._progress = seed, progress
        self._fitted: dict[int, Computed | Derived | Kept] = {}
        self._num_classes = labeled.num_classes
        self._origins: dict[str, tuple[Source, tuple[str, ...]]] = {}
        self._suspected: set[str] = set()  # of holding probabilities, and warned of
        engine = getattr(pool, "_engine", None)  # which may say how much may be taken at once
        self._gather_bytes: int | None = getattr(engine, "gather_bytes", None)

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        """The rows [n, ...] of signal `name` at `indices`; refuses NaN and a wrong width."""
        if self._gather_bytes is not None and len(indices) > FEW:
            self._require_room(name, indices, self._gather_bytes)
        source, names = self._source(name)
        values = source.take(self._pool, name, indices, names=names, progress=self._progress)
        values = _usable(name, values, indices, self._num_classes)
        raw = name in STANDARD and STANDARD[name].raw
        if raw and name not in self._suspected and _look_like_probabilities(values):
            self._suspected.add(name)
            warnings.warn(
                f"Signal {name!r} looks like probabilities: no number is negative and every row "
                f"adds up to 1. Give the raw outputs, from before the softmax.",
                stacklevel=2,
            )
        return values

    def _require_room(self, name: str, indices: np.ndarray, most: int) -> None:
        row = self.take(name, indices[:1])
        wanted = len(indices) * row.numel() * row.element_size()
        if wanted > most:
            raise ArgumentError(
                f"a stage takes {name!r} of {len(indices):,} items at once, {wanted:,} bytes; "
                f"gather_bytes of the engine is {most:,}. Let a stage before it keep fewer, as "
                f"Top(score, factor=20) or TwoRoundKCenter(factor=20) does, or give more."
            )

    def prepare(self, name: str, indices: np.ndarray) -> None:
        """Compute in one pass what will be taken in blocks."""
        source, names = self._source(name)
        if isinstance(source, Computed):
            source.compute(self._pool, name, indices, names=names, progress=self._progress)

    def checksums(self, name: str, indices: np.ndarray) -> np.ndarray:
        """Two numbers for each row, int64 [n, 2]: the same while its values are the same."""
        source, names = self._source(name)
        return source.checksums(self._pool, name, indices, names=names, progress=self._progress)

    def kept(self, name: str) -> dict[Hashable, Any]:
        """What parts remember about a signal from query to query, each beside `checksums` of it.

        What a trained learner offers is new in every query; what the pool offers may have changed.
        """
        return KEPT.setdefault(self._source(name)[0], {}).setdefault(name, {})

    def _source(self, name: str) -> tuple[Stored | Computed | Derived | Kept, tuple[str, ...]]:
        """Where a signal comes from, and all signals that are read from there."""
        if name not in self._sources:
            raise MissingSignalError(
                f"{name!r} was read without being declared; declared are {sorted(self._sources)}. "
                f"Say so: function.reads = ({name!r},), or a field signal({name!r})."
            )
        source, names = self._origins.get(name) or self._origin(name)
        return (self._trained(source) if isinstance(source, Trainable) else source), names

    def _origin(self, name: str) -> tuple[Source, tuple[str, ...]]:
        """The declared source of a signal, and all signals that it shares its learner with."""
        source = self._sources[name]
        origin = getattr(source, "learner", source)
        learners = {key: getattr(each, "learner", each) for key, each in self._sources.items()}
        names = tuple([key for key, learner in learners.items() if learner is origin])
        self._origins[name] = source, names
        return source, names

    def _trained(self, source: Trainable) -> Computed | Derived | Kept:
        learner = source.learner
        if id(learner) not in self._fitted:
            fitted = learner.fit(
                self._pool, self._labeled, seed=self._seed, progress=self._progress
            )
            self._fitted[id(learner)] = frozen(fitted, lasting=False)
        return self._fitted[id(learner)]


def _usable(name: str, values: Tensor, indices: np.ndarray, num_classes: int) -> Tensor:
    """The rows, or an ArrayError that says what is wrong with them and where."""
    standard = STANDARD.get(name)
    if standard is not None and len(values):
        _require_shape(name, values, standard, num_classes)
    if values.is_meta:
        raise ArrayError(f"signal {name!r} must hold numbers; on the meta device there are none.")
    row = first_bad_row(values)
    if row is not None:
        raise ArrayError(f"signal {name!r} must be finite; index {indices[row]} is not.")
    if standard is not None and standard.cosines:
        _require_cosines(name, values, indices)
    return values


def _require_shape(name: str, values: Tensor, standard: Standard, num_classes: int) -> None:
    expected, got = standard.expected(num_classes), tuple(values.shape[1:])
    if not expected:
        if got not in ((), (1,)):  # a column of numbers will do
            raise ArrayError(f"signal {name!r} must be one number per item, got {got} per item.")
        return
    columns, least = expected[-1], num_classes + 1 if "K+M" in standard.shape else 1
    if columns is not None and got[-1:] != (columns,):
        raise ArrayError(
            f"signal {name!r} must have {columns} columns for {num_classes} classes, "
            f"got shape {got} per item."
        )
    if len(got) != len(expected) or 0 in got:
        raise ArrayError(
            f"signal {name!r} must have {len(expected) + 1} dimensions, and at "
            f"least one number per item, got shape {tuple(values.shape)}."
        )
    pairs = zip(expected, got, strict=True)
    if got[-1] < least or got != tuple([has if size is None else size for size, has in pairs]):
        raise ArrayError(
            f"signal {name!r} must be [{standard.shape.replace(' ', ', ')}] with K = "
            f"{num_classes}, got shape {got} per item."
        )


def _require_cosines(name: str, values: Tensor, indices: np.ndarray) -> None:
    if len(values) and values.abs().max() > 1.01:
        row = int((values.abs() > 1.01).any(dim=1).nonzero()[0])
        raise ArrayError(
            f"signal {name!r} must be cosines, in -1..1; index {indices[row]} has others. "
            f"Divide logits by their scale."
        )


def _look_like_probabilities(values: Tensor) -> bool:
    """Of many rows none is negative anywhere, and each adds up to 1; and they are not all alike."""
    if len(values) < MANY or not (_add_up(values[:2]) and _add_up(values)):
        return False
    inside = (values > 0) & (values < 1)  # not one-hot, which may be a toy's logits
    return bool(inside.any()) and bool((values != values[0]).any())


def _add_up(rows: Tensor) -> bool:
    return bool(rows.min() >= 0) and bool(((rows.float().sum(dim=-1) - 1).abs() < 2e-3).all())
