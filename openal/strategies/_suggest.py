"""Which strategy to take: a sentence, a strategy and the figure that speaks for it."""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields, replace
from textwrap import fill
from typing import Any, Literal

from openal._checks import as_number
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import CLIPN
from openal.pool import Pool
from openal.query import QueryStrategy
from openal.strategies.clipnal import CLIPNAL
from openal.strategies.known_k_means import KnownKMeans
from openal.strategies.lfosa import LfOSA
from openal.strategies.random import Random
from openal.strategies.uncertainty import MarginSampling

__all__ = ["Suggestion", "suggest"]

WIDTH = 80

ENOUGH = 20
"""Answers from which the share of unknown is told."""

MOSTLY = 0.85
"""A share of unknown items from which the figures are those of 90 %."""

SECONDS, LIGHT_SECONDS = 70e-6, 40e-6
"""Of `KnownKMeans` a candidate, and of its light form: docs/defaults.md, Cost."""


@dataclass(frozen=True)
class Suggestion:
    """What to take: `print` shows it.

    Attributes:
        strategy: the strategy or chain, to be used as it is.
        sentence: what the choice is for.
        evidence: the figure that speaks for it, with what it was measured on.
        page: the page of the documentation that has the figure.
        notes: what else would help, or is to be expected.
    """

    strategy: QueryStrategy
    sentence: str
    evidence: str
    page: str
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [f"{self.sentence}: {_written(self.strategy)}"]
        lines += [f"Why: {self.evidence} ({self.page}).", *self.notes]
        return "\n".join(fill(line, WIDTH, break_on_hyphens=False) for line in lines)


def _written(strategy: Any) -> str:
    """How to write a strategy, without what is the default anyway."""
    given = [
        f"{one.name}={getattr(strategy, one.name)!r}" if one.repr else f"{one.name}=..."
        for one in fields(strategy)
        if _changed(strategy, one)
    ]
    return f"{type(strategy).__name__}({', '.join(given)})"


def _changed(strategy: Any, option: Field[Any]) -> bool:
    value = getattr(strategy, option.name)
    return value is not option.default and (option.name == "texts" or value != option.default)


def suggest(
    pool: Pool,
    labeled: LabeledSet,
    *,
    texts: Any = None,
    train: Literal["embeddings", "scratch"] = "embeddings",
    goal: Literal["classifier", "known items"] = "classifier",
    unknown: float | None = None,
    seconds: float | None = None,
) -> Suggestion:
    """The strategy that our measurements speak for, for what a pool and its answers are.

    What can be seen is read off: the signals that the pool offers, how many candidates there are,
    and the share of UNKNOWN answers once there are 20. The rest is told. Nothing is computed.

    Args:
        pool: what would be queried.
        labeled: the answers so far; there may be none.
        texts: the encoder `CLIPN`, whose texts say no; or two tensors (classes [K, D], negatives
            [M, D]) in the space of the embeddings, as `CLIP(...).texts(names)` makes them.
        train: what learns from the answers: a classifier on the "embeddings", or a network of
            yours from "scratch", where embeddings only choose.
        goal: a good "classifier", or as many "known items" as can be found.
        unknown: the share of the pool that is of none of the classes, 0 to 1, if you know it.
        seconds: how long a query may take on one core; None: as long as it takes.

    Returns:
        What to take. `print` shows a sentence, the strategy and the figure; `.strategy` is to be
        used as it is.

    Raises:
        ArgumentError: a `train` or a `goal` that is none of these, an `unknown` that is no share,
            `seconds` not above 0, `texts` that are no encoder and no pair.

    >>> import numpy as np
    >>> from openal import LabeledSet, Pool
    >>> pool, labeled = Pool(embeddings=np.eye(8)), LabeledSet(8, classes=["cat", "dog"])
    >>> print(suggest(pool, labeled))  # doctest: +ELLIPSIS
    Embeddings choose, and a classifier on them learns: KnownKMeans()
    Why: +6.8 ± 3.2 points of AUBC over Random, above it in 15 of 16 cells
    (docs/defaults.md).
    ...
    """
    _check(texts, train, goal, seconds)
    share = _share(labeled)
    if unknown is not None:
        share = as_number(unknown, "unknown", minimum=0, maximum=1)
    if unknown == 0:
        return WITHOUT_UNKNOWN
    if goal == "known items":
        return KNOWN_ITEMS
    if "embeddings" not in pool.offers:
        return WITHOUT_EMBEDDINGS
    chosen = _by_texts(texts, train)
    notes = _notes(labeled, share, texts, cold=not _answered(labeled))
    chosen = replace(chosen, notes=(*chosen.notes, *notes))
    return _within(seconds, len(pool) - _answered(labeled), chosen)


WITHOUT_UNKNOWN = Suggestion(
    MarginSampling(),
    "All of the pool is of your classes, so ask what the classifier is unsure of",
    "its paper; what was measured here has unknown classes, under which it is -1.5 ± 1.4 points of "
    "AUBC from Random",
    "docs/defaults.md",
    ("BADGE() and ProbCover() are for such pools, too.",),
)
WITHOUT_EMBEDDINGS = Suggestion(
    Random(),
    "Without embeddings nothing that was measured is above a random draw",
    "of what reads logits alone the best, MarginSampling, is -1.5 ± 1.4 points of AUBC from it",
    "docs/defaults.md",
    (
        "With Pool(dataset, embeddings=CLIP(...)), or of another frozen encoder: KnownKMeans(), "
        "+6.8 ± 3.2 points.",
    ),
)
KNOWN_ITEMS = Suggestion(
    LfOSA(),
    "Every known item counts, and not what a classifier learns from it",
    "precision .97 and .96, where Random has .68",
    "docs/claims.md",
    ("A classifier learns less from them than from a random draw: -7.0 ± 4.8 points of AUBC.",),
)
DEFAULT = Suggestion(
    KnownKMeans(),
    "Embeddings choose, and a classifier on them learns",
    "+6.8 ± 3.2 points of AUBC over Random, above it in 15 of 16 cells",
    "docs/defaults.md",
)
SCRATCH = Suggestion(
    KnownKMeans(),
    "Embeddings choose, and a network learns from scratch",
    "+1.4 ± 0.7 points of AUBC over Random, above it in 15 of 20 pairs of seed and share",
    "docs/results.md",
    ("JSOSAL() gains as much, +1.1 ± 1.2; at 80 % unknown +5.7 ± 1.4, KnownKMeans() +3.9 ± 1.7.",),
)
NO_TEXTS = (
    "best AUBC in eleven of twelve cells, in the four that can tell by 2 to 4 points, with a "
    "stand-in for CLIPN"
)
NOUNS = (
    "AUROC of known .984 to .989 on CLIP embeddings of Caltech-101 among three other data sets, "
    ".922 to .977 with the class texts alone"
)


def _by_texts(texts: Any, train: str) -> Suggestion:
    if isinstance(texts, CLIPN):
        sentence = "The texts of the classes say yes and no"
        return Suggestion(CLIPNAL(texts), sentence, NO_TEXTS, "docs/claims.md")
    if texts is not None:
        sentence = "Texts say where to begin, answers go on from there"
        strategy = KnownKMeans(texts=tuple(texts))
        return Suggestion(strategy, sentence, NOUNS, "docs/defaults.md")
    return SCRATCH if train == "scratch" else DEFAULT


def _notes(labeled: LabeledSet, share: float | None, texts: Any, *, cold: bool) -> Iterator[str]:
    if texts is None and cold and (share is None or share > MOSTLY):
        yield (
            "From no answer on and with 90 % unknown it may be no better than Random, unless texts "
            "say where to begin: texts=CLIP(...).texts(names)."
        )


def _within(seconds: float | None, candidates: int, chosen: Suggestion) -> Suggestion:
    """The light form of the default, or fewer candidates, where it would take too long."""
    strategy = chosen.strategy
    if seconds is None or not isinstance(strategy, KnownKMeans) or candidates * SECONDS <= seconds:
        return chosen
    light = replace(chosen, strategy=replace(strategy, detector=False))
    note = "Its light form, for the seconds that you have: 7.9 s instead of 10.9 s for 200,000."
    if candidates * LIGHT_SECONDS > seconds:
        count = max(1, int(seconds / LIGHT_SECONDS))
        note = f"{note} Of {candidates:,} candidates draw {count:,}: query(..., candidates=...)."
    return replace(light, notes=(*chosen.notes, note))


def _answered(labeled: LabeledSet) -> int:
    return len(labeled.known_indices) + len(labeled.unknown_indices)


def _share(labeled: LabeledSet) -> float | None:
    """The share of UNKNOWN among the answers, once there are some."""
    count = _answered(labeled)
    return len(labeled.unknown_indices) / count if count >= ENOUGH else None


def _check(texts: Any, train: str, goal: str, seconds: float | None) -> None:
    for name, value, among in (
        ("train", train, ("embeddings", "scratch")),
        ("goal", goal, ("classifier", "known items")),
    ):
        if value not in among:
            raise ArgumentError(f"{name} must be one of {among}, got {value!r:.60}.")
    if seconds is not None:
        as_number(seconds, "seconds", above=0)
    pair = isinstance(texts, tuple | list) and len(texts) == 2
    if texts is not None and not pair and not isinstance(texts, CLIPN):
        raise ArgumentError(
            f"texts must be CLIPN, or two tensors (classes, negatives) such as "
            f"CLIP(...).texts(names); got {type(texts).__name__}."
        )
