"""Why an image is asked about, in words."""

import numpy as np
import torch
from torch import Tensor

from openal._words import plural
from openal.labeled import UNKNOWN, LabeledSet
from openal.learners import EmbeddingClassifier
from openal.project._class_texts import knows_texts
from openal.project.project import Project
from openal.query import Query

__all__ = ["query_basis", "query_reasons"]

LIKELY, UNLIKELY = 0.7, 0.3
UNDECIDED, SURE = 0.7, 0.3
COLD = "typical of a part of the images that nobody has seen yet"


def query_basis(project: Project) -> str:
    """What the open round, or the next one, is chosen by, in a sentence."""
    labeled = _before(project.labeled())
    if len(labeled.known_indices) + len(labeled.unknown_indices):
        return f"chosen by {project.strategy} from {plural(len(labeled), 'answer')}"
    if project.strategy.startswith("KnownKMeans") and knows_texts(project.encoder_used):
        return "no answers yet: chosen by the names of the classes as texts"
    return "no answers yet: typical and diverse images"


def query_reasons(project: Project, query: Query) -> tuple[str, ...]:
    """Why each image of an open round is asked about: how likely it is of a class, and which.

    They come from what was known before the round, so that they are the same when it goes on.
    """
    labeled = _before(project.labeled())
    cold = not len(labeled.known_indices) + len(labeled.unknown_indices)
    texts = project.strategy.startswith("KnownKMeans") and knows_texts(project.encoder_used)
    if cold and not texts:
        return (COLD,) * len(query)
    probs = _class_probs(project, labeled, query)
    return tuple(
        "; ".join(filter(None, [_likely(query.purity, row, cold), _which(probs, row, labeled)]))
        or "the strategy asks for it"
        for row in range(len(query))
    )


def _likely(purity: Tensor | None, row: int, cold: bool) -> str:
    if purity is None:
        return ""
    value = float(purity[row])
    if not 0 <= value <= 1:  # a score of another scale says nothing in words
        return ""
    by = " by its name" if cold else ""
    if value > LIKELY:
        return f"likely one of your classes{by}"
    return f"perhaps one of your classes{by}" if value > UNLIKELY else "unlike what you look for"


def _which(probs: Tensor | None, row: int, labeled: LabeledSet) -> str:
    """Between which classes the classifier cannot decide, or which one it is sure of."""
    if probs is None:
        return ""
    values, order = probs[row].sort(descending=True)
    first, second = (labeled.classes[int(at)] for at in order[:2])
    gap = 1 - float(values[0] - values[1])
    if gap > UNDECIDED:
        return f"{first} or {second}? The classifier cannot tell"
    return f"looks like {first}" if gap < SURE else f"{first} rather than {second}"


def _class_probs(project: Project, labeled: LabeledSet, query: Query) -> Tensor | None:
    if len({*labeled.known_labels.tolist()}) < 2 or not len(query):
        return None
    fitted = EmbeddingClassifier().fit(project.pool(), labeled, progress=False)
    logits = fitted.signals(project.pool(), query.indices, ("logits",), progress=False)["logits"]
    return torch.softmax(logits.double(), dim=1)


def _before(labeled: LabeledSet) -> LabeledSet:
    """The answers that the open round was chosen by, in memory."""
    begun = [past for past in labeled.history if past.begun]
    of_round = begun[-1].indices if begun and len(labeled.pending_indices) else np.empty(0, int)
    answers = LabeledSet(labeled.size, labeled.classes)
    indices, labels = labeled.answers()
    kept = ~np.isin(indices, of_round)
    if kept.any():
        known = labels[kept]
        answers.add(indices[kept], np.where(known == labeled.num_classes, UNKNOWN, known))
    return answers
