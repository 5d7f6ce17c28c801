"""CLIPNPurity (CLIPNAL): the share of evidence for a known class, by yes and no texts."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from openal._checks import as_number
from openal.functional import (
    class_prototypes,
    mixture_posterior,
    prototype_cosines,
    tune_scale,
    yes_no_probabilities,
)
from openal.functional.scale_tuning import Objective, TunedScale, as_scales
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["CLIPNPurity"]

SAMPLE = 4096
"""How many candidates, drawn at random, choose the first scale."""

FEWEST = 20
"""With fewer candidates there is nothing to choose a scale from."""


@dataclass(frozen=True)
class CLIPNPurity(Part):
    """The evidence for a known class as a share of all evidence: above 0.5 is predicted known.

    Reads the cosines of every image with a "yes" and a "no" text of each class, and, for visual
    weighting, its embedding. The scale of the cosines is tuned on the answers for balanced
    accuracy; the query's diagnostics have it as `scale`, with its `balanced_accuracy`. Before there
    is both a known and an UNKNOWN answer the pool chooses it: the log-odds of the candidates at
    `scale` are divided by two Gaussians of one variance, and the scale that tells these two parts
    best is taken. So about as many pass as look known; at a fixed scale none may.

    Args:
        tune: whether the scale is tuned.
        scale: the scale without tuning, and that at which the pool is looked at before there are
            answers of both kinds, above 0; 9, ours.
        start: "pool" as above; "scale" takes `scale` until there are answers of both kinds.
        scales: what is tried, ascending, above 0; None: 0.1 to 100 in steps of 0.1, the authors'
            code.
        objective: that of `tune_scale`: "balanced" as in the authors' code, or "accuracy" as in the
            paper.
        rule: that of `yes_no_probabilities`; "atd" is CLIPNAL's, "ctw" CLIPN's other one.
        tie_break: that of `tune_scale`: the "first" of equal scales, as in the authors' code, or
            the "center" of the longest run.
        leave_one_out: keeps an answered image out of its own class's prototype while tuning; ours,
            off by default, as in the code.
        yes: name of the signal [N, K], cosines with the yes texts.
        no: name of the signal [N, K], cosines with the no texts.
        embeddings: name of the signal [N, D]; None: no visual weighting.

    Raises:
        ArgumentError: a `scale` that is not above 0.
        ArrayError: `scales` that are not above 0 and ascend.

    Reference: CLIPNAL (later VLPure-AL), arXiv 2408.04917, eqs. 2-8.
    """

    cites = ("heo2024avoid", "wang2023clipn")

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    tune: bool = True
    _: KW_ONLY
    scale: float = 9.0
    start: Literal["pool", "scale"] = "pool"
    scales: tuple[float, ...] | None = None
    objective: Objective = "balanced"
    rule: Literal["atd", "ctw"] = "atd"
    tie_break: Literal["first", "center"] = "first"
    leave_one_out: bool = False
    yes: str = signal("yes_cosines")
    no: str = signal("no_cosines")
    embeddings: str | None = signal("embeddings")

    def __post_init__(self) -> None:
        if self.scales is not None:
            object.__setattr__(self, "scales", tuple(as_scales(self.scales).tolist()))
        super().__post_init__()
        as_number(self.scale, "scale", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        prototypes = self._prototypes(view)
        purity = partial(
            _purity, prototypes=prototypes, scale=self._scale(view, prototypes), rule=self.rule
        )
        if prototypes is None or self.embeddings is None:
            return view.map(purity, self.yes, self.no)
        return view.map(purity, self.yes, self.no, self.embeddings)

    def _prototypes(self, view: View) -> Tensor | None:
        if self.embeddings is None or len(view.known) == 0 or self.rule == "ctw":
            return None
        z = view.known[self.embeddings]
        return class_prototypes(z, view.labels.to(z.device), view.num_classes)

    def _scale(self, view: View, prototypes: Tensor | None) -> float:
        if not self.tune:
            view.notes.update(scale=self.scale, scale_untuned="tune=False")
            return self.scale
        if len(view.known) == 0 or len(view.invalid) == 0:
            first = self.scale if self.start == "scale" else self._first_scale(view, prototypes)
            view.notes.update(scale=first, scale_untuned="both kinds of answers are needed")
            return first
        names = self.yes, self.no
        yes, no = (torch.cat([view.known[name], view.invalid[name]]) for name in names)
        is_known = torch.arange(len(yes), device=yes.device) < len(view.known)
        tuned = self._tuned(yes, no, is_known, self._visual(view, prototypes))
        view.notes.update(scale=tuned.scale, balanced_accuracy=tuned.balanced_accuracy)
        return tuned.scale

    def _tuned(
        self, yes: Tensor, no: Tensor, is_known: Tensor, visual: Tensor | None
    ) -> TunedScale:
        return tune_scale(
            yes,
            no,
            is_known,
            None if visual is None else visual.to(yes.device),
            None if self.scales is None else torch.tensor(self.scales, dtype=torch.float64),
            rule=self.rule,
            tie_break=self.tie_break,
            objective=self.objective,
        )

    def _first_scale(self, view: View, prototypes: Tensor | None) -> float:
        """The scale that tells apart two parts of the candidates, as they lie at `scale`."""
        some = view.at(view.random().argsort()[:SAMPLE]).pool
        yes, no = some[self.yes], some[self.no]
        z = None if prototypes is None or self.embeddings is None else some[self.embeddings]
        at_scale = _purity(yes, no, z, prototypes=prototypes, scale=self.scale, rule=self.rule)
        upper = _upper_part(at_scale.logit(eps=torch.finfo(torch.float64).eps))
        if len(some) < FEWEST or upper.all() or not upper.any():
            return self.scale
        visual = None if z is None or prototypes is None else prototype_cosines(z, prototypes)
        return self._tuned(yes, no, upper, visual).scale

    def _visual(self, view: View, prototypes: Tensor | None) -> Tensor | None:
        """The visual evidence [m + v, K] of the answered items, known ones first."""
        if prototypes is None or self.embeddings is None:
            return None
        of_known = prototype_cosines(view.known[self.embeddings], prototypes)
        if self.leave_one_out:
            of_known = _without_itself(of_known, view.labels.to(of_known.device))
        return torch.cat([of_known, prototype_cosines(view.invalid[self.embeddings], prototypes)])


def _upper_part(values: Tensor) -> Tensor:
    """Which of the values [n] belong to the upper of two Gaussians of one variance."""
    one = torch.zeros(len(values), dtype=torch.int64, device=values.device)
    fit = dict[str, Any](tied=True, standardize=True, max_iter=200, tol=1e-4)
    return mixture_posterior(values, one, 1, **fit) > 0.5


def _without_itself(cosines: Tensor, labels: Tensor) -> Tensor:
    """The mean cosines [m, K] of answered images when none counts for its own class.

    A class without other images gets the largest of the classes that have some.
    """
    counts = torch.bincount(labels, minlength=cosines.shape[1])
    count = counts[labels]
    own = cosines.gather(1, labels[:, None]).squeeze(1)
    without = (count * own - 1) / (count - 1)  # 0 / 0 or -inf where it is alone
    left = cosines.where(counts > 0, -torch.inf)
    left = left.scatter(1, labels[:, None], without.where(count > 1, -torch.inf)[:, None])
    best = left.amax(dim=1, keepdim=True)
    return torch.where(left.isfinite(), left, best.where(best.isfinite(), 0))


def _purity(
    yes: Tensor,
    no: Tensor,
    embeddings: Tensor | None = None,
    *,
    prototypes: Tensor | None,
    scale: float,
    rule: Literal["atd", "ctw"],
) -> Tensor:
    visual = None
    if embeddings is not None and prototypes is not None:
        visual = prototype_cosines(embeddings, prototypes).to(yes.device)
    known, unknown = yes_no_probabilities(yes, no, scale, visual, rule=rule)
    known, unknown = known.double(), unknown.double()
    return known / (known + unknown).clamp(min=torch.finfo(known.dtype).tiny)
