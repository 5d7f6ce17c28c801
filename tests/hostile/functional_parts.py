"""How to call the functions that only the rooms use: good arguments, by module and name."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from openal.functional._first_neighbors import first_neighbors
from openal.functional._unknown_kinds import class_recovery, count_unknown_kinds
from openal.functional._weibull import weibull_tails
from openal.functional.entropies import progressive_score
from openal.functional.feature_mix import class_anchors, loss_directions
from openal.functional.finch import cluster_means
from openal.functional.known_share import candidate_length
from openal.functional.losses import evidential_loss
from openal.functional.mahalanobis import gaussian, standard
from openal.functional.openmax import openmax_model
from openal.functional.pareto import pareto_subset
from openal.functional.scaling import with_ties_broken
from tests.hostile.functional_calls import CLASSES, HEAD, LOGITS, POINTS, Call, numbers

__all__ = ["CHECKED", "INNER"]

KINDS = torch.tensor([0, 0, 1, 1, 0, 1, 2, 2, 2, 3, 3, 3])


def of_model(model: Callable[..., Any], use: Callable[[Any], Any], **given: Any) -> Any:
    """What is computed with a model that is fitted to what is given."""
    return use(model(**given))


def exceedances(*, values: torch.Tensor, groups: torch.Tensor, **given: Any) -> torch.Tensor:
    """What a fit of every tail says of the values that it was made of."""
    tails = weibull_tails(values, groups, 3, **given)
    return tails.at(groups).exceedance(values)


CHECKED: dict[str, Call] = {
    "class_anchors": Call({"features": POINTS, "labels": CLASSES}, function=class_anchors),
    "openmax_model": Call(
        {"known_logits": LOGITS, "known_labels": CLASSES},
        function=partial(of_model, openmax_model, lambda model: (model.means, *model.tails)),
    ),
    "progressive_score": Call({"head_logits": numbers(12, 2, 3)}, function=progressive_score),
}
"""Those that refuse what holds no numbers."""

INNER: dict[str, Call] = {
    "candidate_length": Call(
        {"known": LOGITS[:, 0].sigmoid(), "informativeness": LOGITS[:, 1]},
        {"budget": 3, "precision": 0.6},
        candidate_length,
    ),
    "class_recovery": Call(
        {"clusters": CLASSES, "labels": KINDS}, {"num_classes": 3}, class_recovery
    ),
    "cluster_means": Call({"points": POINTS, "labels": CLASSES}, function=cluster_means),
    "count_unknown_kinds": Call(
        {"points": POINTS, "labels": KINDS},
        {"num_classes": 3, "most": 3},
        count_unknown_kinds,
    ),
    "evidential_loss": Call({"logits": LOGITS, "labels": CLASSES}, function=evidential_loss),
    "first_neighbors": Call({"points": POINTS}, function=first_neighbors),
    "gaussian": Call(
        {"sample": POINTS},
        function=partial(of_model, gaussian, lambda model: model.distances(POINTS)),
    ),
    "loss_directions": Call({"logits": POINTS @ HEAD.T, "weight": HEAD}, function=loss_directions),
    "pareto_subset of many": Call(
        {"values": numbers(40, 2)}, {"size": 6, "patience": 128}, pareto_subset, random=True
    ),
    "standard": Call(
        {"rows": POINTS},
        function=partial(of_model, standard, lambda model: model(POINTS)),
    ),
    "weibull_tails": Call(
        {"values": LOGITS[:, 0].exp(), "groups": CLASSES},
        {"tail": 4, "shift": 1.0},
        exceedances,
    ),
    "with_ties_broken": Call(
        {"score": LOGITS[:, 0].sigmoid(), "standing": LOGITS[:, 1].sigmoid()},
        function=with_ties_broken,
    ),
}
"""Those whose callers have checked."""
