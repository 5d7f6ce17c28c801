"""A round of a project: one that is still open, or a new one, from the strategy to the ledger."""

from collections.abc import Collection
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional.uncertainty import margin
from openal.labeled import LabeledSet
from openal.learners import EmbeddingClassifier
from openal.learners._on_embeddings import FittedOnEmbeddings
from openal.pool import Pool
from openal.query import Chain, Query, QueryStrategy
from openal.simulate._strategy_words import strategy_of
from openal.strategies import KnownKMeans
from openal.view import PENDING

__all__ = ["begun_round", "close_retired", "open_round", "strategy_for"]


def open_round(labeled: LabeledSet) -> Query:
    """What the open round still waits for, with the scores that it was begun with."""
    begun = next(past for past in reversed(labeled.history) if past.begun)
    rows = torch.from_numpy(begun.labels == PENDING)
    scores, purity, informativeness = (
        None if values is None else torch.from_numpy(values).float()[rows]
        for values in (begun.scores, begun.purity, begun.informativeness)
    )
    return Query(
        indices=begun.indices[rows.numpy()],
        scores=scores,
        purity=purity,
        informativeness=informativeness,
        steps=(),
        n_candidates=len(labeled.unlabeled_indices),
        n_filled=0,
        keys=None if labeled.keys is None else labeled.keys.at(begun.indices[rows.numpy()]),
        diagnostics={},
    )


def close_retired(labeled: LabeledSet, retired: Collection[int]) -> None:
    """Let an open round no longer wait for images that are gone; the rest of it is a round."""
    pending = labeled.pending_indices
    left = ~np.isin(pending, [*retired])
    if left.all():
        return
    query = open_round(labeled)
    names = ("scores", "purity", "informativeness")
    scores = {name: getattr(query, name) for name in names}
    rows = torch.from_numpy(left)
    kept = {name: None if values is None else values[rows] for name, values in scores.items()}
    labeled.abandon_round()
    if left.any():
        labeled.begin_round(SimpleNamespace(indices=query.indices[left], **kept))


def begun_round(
    strategy: QueryStrategy, pool: Pool, labeled: LabeledSet, budget: int, seed: int | None
) -> Query:
    """A new query of a strategy, noted in the ledger before anybody sees it."""
    classifier = EmbeddingClassifier().fit(pool, labeled, progress=False)
    query = strategy.query(pool, labeled, budget, model=classifier, seed=seed, progress=False)
    if not len(query):
        return query
    query = _with_informativeness(query, pool, labeled, classifier)
    labeled.begin_round(query)
    return query


def strategy_for(
    words: str, copies: str | float, texts: tuple[Tensor, Tensor] | None
) -> QueryStrategy:
    """The strategy that words name, with the texts of the classes and without copies."""
    strategy = strategy_of(words)
    if isinstance(strategy, KnownKMeans):
        strategy = replace(strategy, texts=texts)
    if copies == "ask":
        return strategy
    if not hasattr(strategy, "stages"):
        raise ArgumentError(f"copies = {copies!r} needs a strategy of stages, as ours are.")
    return Chain(strategy, copies=copies)  # type: ignore[arg-type]


def _with_informativeness(
    query: Query, pool: Pool, labeled: LabeledSet, classifier: FittedOnEmbeddings
) -> Query:
    """The margin of the classifier, where the strategy tells no informativeness of its own."""
    learned = len({*labeled.known_labels.tolist()}) > 1
    if query.informativeness is not None or not learned:
        return query
    logits = classifier.signals(pool, query.indices, ("logits",), progress=False)["logits"]
    return replace(query, informativeness=margin(logits).float())
