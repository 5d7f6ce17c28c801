"""MetaScore (MQ-Net): purity and informativeness weighed as the last answers teach."""

from dataclasses import KW_ONLY, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from openal._threads import one_thread
from openal.functional.meta_query import MetaQuery, fit_meta_query, standardized
from openal.labeled import UNKNOWN
from openal.parts import Part, as_score, signal
from openal.step import evaluate
from openal.view import Rows, Score, View

__all__ = ["MetaScore"]


@dataclass(frozen=True)
class MetaScore(Part):
    """An informativeness and a purity as one score that rises with both; MQ-Net learns how.

    Both scores are standardized over the candidates. Before a strategy has asked and got answers
    that differ, the score is their sum. From then on a small monotone network, trained anew in
    every query, ranks the items of the last round by the loss of the classifier: an item that was
    answered with a class counts the more the worse it is predicted, one answered UNKNOWN least.

    What the network learns from is what was known when that round was asked. Purity is computed
    again with the answers of earlier rounds alone, over the candidates of today together with the
    round: the candidates of then. Informativeness is what the round noted, because the classifier
    of today was trained on these very items; where nothing was noted (see `Note`), it is computed
    again. What cannot be had is the classifier of then: its spread over the other candidates and
    its losses are those of the classifier of today, which has learned the classes of the round.
    To rank by the losses of the earlier one, offer its outputs under another name and give that
    as `logits`. An answer that was skipped, retracted or is pending teaches nothing.

    The query's diagnostics hold `meta_answers`, how many answers taught the network.

    Args:
        informativeness: a score.
        purity: a score.
        logits: name of the signal [N, K] that the losses come from.

    Raises:
        ArgumentError: an `informativeness` or `purity` that is no score.

    Differences from the authors' code: both inputs are standardized over one and the same set in
    training and in use, where the code takes other statistics for either; exponents are cut off
    at 3 standard deviations; UNKNOWN counts as less than any known item, also than one whose loss
    is 0, and pairs of UNKNOWN are left out instead of counting as "less"; the sum of the first
    query is of standardized scores for every informativeness.

    Reference: Park et al., "Meta-Query-Net: Resolving Purity-Informativeness Dilemma in Open-set
    Active Learning", NeurIPS 2022.
    """

    cites = ("park2022meta",)

    informativeness: Score
    _: KW_ONLY
    purity: Score
    logits: str = signal("logits")

    def __post_init__(self) -> None:
        as_score(self.informativeness, "informativeness")
        as_score(self.purity, "purity")
        super().__post_init__()

    def __call__(self, view: View) -> Tensor:
        """The score [n], float64."""
        scores = (self.informativeness, self.purity)
        inputs = _inputs([evaluate(score, view) for score in scores])
        taught = self._lesson(view)
        view.notes["meta_answers"] = 0 if taught is None else len(taught[1])
        if taught is None:
            return inputs.sum(dim=1)
        with one_thread():
            network = fit_meta_query(*taught, generator=view.generator())
        return view.map(partial(_ranked, network=network), inputs)

    def _lesson(self, view: View) -> tuple[Tensor, Tensor] | None:
        """Inputs [m, 2] and targets [m] of the last round with a lesson, or None."""
        for number in reversed(range(len(view.history))):
            asked = view.history[number]
            if asked.scores is None:  # no score asked for these: a start
                continue
            rows = np.flatnonzero(asked.labels >= UNKNOWN)
            targets = self._targets(view, asked.indices[rows], asked.labels[rows])
            if len(targets.unique()) > 1:
                return self._as_asked(view, number)[torch.from_numpy(rows)], targets
        return None

    def _as_asked(self, view: View, number: int) -> Tensor:
        """The inputs [b, 2] of a round, from what was known when it was asked."""
        asked, then = view.history[number], _as_of(view, number)
        b, informativeness = len(asked.indices), evaluate(self.informativeness, then).double().cpu()
        if asked.informativeness is not None:
            noted = torch.from_numpy(asked.informativeness).double()
            informativeness = torch.cat([noted, informativeness[b:]])
        return _inputs([informativeness, evaluate(self.purity, then)])[:b]

    def _targets(self, view: View, indices: np.ndarray, labels: np.ndarray) -> Tensor:
        """What the network ranks by [m]: the cross-entropy; below all of them for UNKNOWN."""
        label = torch.from_numpy(labels)
        logits = Rows(indices, view.pool.signals)[self.logits].double().cpu()
        surprise = -logits.log_softmax(dim=1).gather(1, label.clamp(min=0)[:, None])[:, 0]
        return torch.where(label == UNKNOWN, -1.0, surprise)


def _inputs(scores: list[Tensor]) -> Tensor:
    return torch.stack([standardized(score.double().cpu()) for score in scores], dim=1)


def _ranked(inputs: Tensor, network: MetaQuery) -> Tensor:
    return network(inputs)


def _as_of(view: View, number: int) -> View:
    """What a round could see: its items and the candidates of today; only earlier answers."""
    before = view.history[:number]
    signals = view.pool.signals
    indices = np.concatenate([np.empty(0, np.int64), *(earlier.indices for earlier in before)])
    labels = np.concatenate([np.empty(0, np.int64), *(earlier.labels for earlier in before)])
    asked = view.history[number].indices
    others = np.setdiff1d(view.pool.indices, asked)
    return View(
        pool=Rows(np.concatenate([asked, others]), signals),
        known=Rows(indices[labels >= 0], signals),
        invalid=Rows(indices[labels == UNKNOWN], signals),
        labels=torch.from_numpy(labels[labels >= 0]),
        num_classes=view.num_classes,
        history=before,
        seed=view.seed,
        depth=view.depth,
        engine=view.engine,
    )
