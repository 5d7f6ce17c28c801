"""Small worlds to ask about, and what every check is made of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from openal.errors import OpenALError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Query, QueryStrategy

__all__ = [
    "MakeWorld",
    "World",
    "ask",
    "expect",
    "expect_same",
    "expect_sound",
    "open_candidates",
    "refused",
    "world",
]

DIMENSIONS = 8
SAMPLES = 5


@dataclass(frozen=True, eq=False)
class World:
    """N items with hidden classes, the signals about them, and the answers so far.

    The pool and the labeled set are made once. A world does not change: each method returns
    another one. The pool also offers `spare`, which no strategy reads.

    Attributes:
        signals: what the pool offers by name, N rows each.
        hidden: int64 [N], the class of each item: 0..K-1 or UNKNOWN.
        answers: label by index, in answer order.
        num_classes: K, the number of known classes.
    """

    signals: Mapping[str, Any]
    hidden: np.ndarray
    answers: Mapping[int, int]
    num_classes: int

    def __len__(self) -> int:
        return len(self.hidden)

    @cached_property
    def pool(self) -> Pool:
        """The signals as a pool without items."""
        return Pool(None, spare=np.zeros(len(self)), **self.signals)

    @cached_property
    def labeled(self) -> LabeledSet:
        """The answers: first ones, and those of a round."""
        labeled = LabeledSet(len(self), self.num_classes)
        indices, half = [*self.answers], len(self.answers) // 2
        labeled.add(indices[:half], [self.answers[index] for index in indices[:half]])
        labeled.begin_round(SimpleNamespace(indices=indices[half:]))
        labeled.add(indices[half:], [self.answers[index] for index in indices[half:]])
        return labeled

    def answered(self, answers: Mapping[int, int]) -> "World":
        """The same items with other answers."""
        return replace(self, answers=dict(answers))

    def offering(self, signals: Mapping[str, Any]) -> "World":
        """The same items and answers with these signals and no others."""
        return replace(self, signals=dict(signals))

    def taking(self, rows: np.ndarray) -> "World":
        """Item i with the signals of item `rows[i]`."""
        return self.offering({name: values[rows] for name, values in self.signals.items()})

    def doubled(self) -> "World":
        """Every item of the first half twice, one after the other."""
        return self.taking(np.arange(len(self)) // 2)

    def renamed(self, names: np.ndarray) -> "World":
        """The same world, whose item i is called `names[i]`: a permutation."""
        old = np.argsort(names)
        answers = {int(names[index]): label for index, label in self.answers.items()}
        return replace(self.taking(old), hidden=self.hidden[old], answers=answers)


MakeWorld = Callable[..., World]
"""`world` with the caller's own signals: takes a seed, and `num_classes`."""


def world(
    seed: int = 0,
    *,
    size: int = 60,
    num_classes: int = 3,
    signals: Callable[[World], Mapping[str, Any]] | None = None,
) -> World:
    """Clusters of as many known as unknown classes, a third of them answered, two of these SKIPPED.

    It offers every standard signal, `content` for chains that skip copies, and those that `signals`
    makes for it.

    >>> world().labeled
    LabeledSet(size=60, classes=('0', '1', '2'), 10 known, 8 unknown, 2 skipped)
    """
    rng = np.random.default_rng(seed)
    clusters = np.arange(size) % (2 * num_classes)
    asked = rng.permutation(size // 3)  # the first third holds every cluster
    names = rng.permutation(size)
    hidden = np.where(clusters < num_classes, clusters, UNKNOWN)
    answers = {int(index): int(hidden[index]) for index in asked}
    answers |= dict.fromkeys(list(answers)[:2], SKIPPED)
    made = World(_signals(rng, clusters, num_classes), hidden, answers, num_classes).renamed(names)
    return made if signals is None else made.offering({**made.signals, **signals(made)})


def _signals(rng: np.random.Generator, clusters: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """What an encoder, a classifier, a detector and CLIPN would say: float32, first dimension N."""
    n = len(clusters)
    centers = np.linalg.qr(rng.normal(size=(DIMENSIONS, DIMENSIONS)))[0][: 2 * k]
    embeddings = centers[clusters] + 0.25 * rng.normal(size=(n, DIMENSIONS))
    affinity = embeddings @ centers.T + 0.05 * rng.normal(size=(n, 2 * k))
    known, unknown = 4 * affinity[:, :k], 4 * affinity[:, k:].max(axis=1, keepdims=True)
    made = {
        "embeddings": embeddings,
        "content": embeddings,
        "features": np.tanh(2 * embeddings),
        "logits": known,
        "mc_logits": known[:, None] + 0.5 * rng.normal(size=(n, SAMPLES, k)),
        "detector_logits": np.hstack([known, unknown]),
        "detector_features": np.tanh(embeddings[:, ::-1]),
        "evidence_logits": 4 * affinity,
        "head_logits": np.stack([1 - known, known - 1], axis=1),
        "binary_logits": np.hstack([known.max(axis=1, keepdims=True), unknown]),
        "predicted_loss": -known.max(axis=1),
        "yes_cosines": 0.25 + 0.02 * known + 0.005 * rng.normal(size=(n, k)),
        "no_cosines": 0.25 - 0.02 * known + 0.005 * rng.normal(size=(n, k)),
        "prompt_logits": 25 + 8 * affinity,
    }
    return {name: np.ascontiguousarray(values, np.float32) for name, values in made.items()}


def ask(strategy: QueryStrategy, world: World, budget: Any = 6, **options: Any) -> Query:
    """The strategy's query about a world, under seed 0 unless another is given."""
    options = {"seed": 0, "progress": False, **options}
    return strategy.query(world.pool, world.labeled, budget, **options)


def expect(condition: bool, seen: str) -> None:
    """An AssertionError that says what was seen, where the condition does not hold."""
    if not condition:
        raise AssertionError(seen)


def expect_same(first: Query, second: Query, change: str) -> None:
    """The two queries ask the same in the same order, in spite of the change between them."""
    a, b = first.indices.tolist(), second.indices.tolist()
    expect(a == b, f"{change} changed the query from {a} to {b}")


def open_candidates(world: World, candidates: Any = None) -> np.ndarray:
    """The candidates that have no answer yet, ascending."""
    unlabeled = world.labeled.unlabeled_indices
    return unlabeled if candidates is None else np.intersect1d(np.asarray(candidates), unlabeled)


def expect_sound(query: Query, world: World, budget: int, candidates: Any = None) -> None:
    """Exactly as many distinct, open candidates as were asked for, as an int64 array."""
    indices, allowed = query.indices, open_candidates(world, candidates)
    expect(isinstance(indices, np.ndarray), f"indices are {type(indices)}, not a NumPy array")
    expect(indices.dtype == np.int64, f"indices are {indices.dtype}, not int64")
    expected = min(budget, len(allowed))
    expect(
        indices.shape == (expected,),
        f"budget {budget} with {len(allowed)} open candidates asks for {expected}, "
        f"got shape {indices.shape}",
    )
    expect(len(np.unique(indices)) == len(indices), f"an index is there twice: {indices.tolist()}")
    foreign = np.setdiff1d(indices, allowed)
    answered = np.isin(foreign, list(world.answers))
    why = "answered already" if len(foreign) and answered[0] else "not a candidate"
    expect(len(foreign) == 0, f"index {foreign[:1].tolist()} is asked, which is {why}")


@contextmanager
def refused(what: str, *words: str) -> Iterator[None]:
    """Expects an OpenALError that names all the words."""
    try:
        yield
    except OpenALError as error:
        missing = [word for word in words if word not in str(error)]
        expect(not missing, f"{what} is refused without naming {missing}: {error}")
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{what} ends in no OpenALError, but in {found}") from error
    else:
        raise AssertionError(f"{what} is not refused")
