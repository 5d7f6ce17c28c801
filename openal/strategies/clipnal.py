"""CLIPNAL: candidates that CLIPN's yes and no texts take for known, then any strategy."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from openal.errors import ArgumentError
from openal.functional.scale_tuning import Objective, as_scales
from openal.informativeness import LeastConfidence
from openal.learners import ClassCosines, TextCosines
from openal.parts import as_stage
from openal.pool import Learner
from openal.purity import CLIPNPurity
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Filter, Top
from openal.step import Stage

__all__ = ["CLIPNAL"]

CONF = Top(LeastConfidence())
"""What the paper does with the candidates: the least confident first."""


@dataclass(frozen=True)
class CLIPNAL(Paper):
    """Candidates that CLIPN's yes and no texts take for known; of these, any stage or chain.

    Reads the pool's `embeddings`, and the classifier's `logits` for CONF. Before there is both a
    known and an UNKNOWN answer the scale cannot be tuned, and the query's diagnostics say so: the
    pool then chooses it (`CLIPNPurity`), and at least `cold_factor` times the budget is handed on,
    or the purest would be asked again and again, and no UNKNOWN would come. On embeddings that tell
    the classes apart, accuracy may end below Random's: what the texts are sure of, a classifier of
    the same embeddings knows already.

    Args:
        texts: the encoder of the `embeddings` (`CLIPN`, or `CLIP` as a stand-in without a no
            tower), which embeds the labeled set's class names; or two tensors (yes, no), each
            [K, D]. None: the pool offers `yes_cosines` and `no_cosines` itself.
        then: a stage or a strategy that chooses; by default the paper's CONF, the least confident.
            `CLIPNAL(clipn, then=Top(Entropy()))`.
        visual_weighting: whether answered images weigh the texts; False is the paper's ablation.
        tune_temperature: whether the scale is tuned; False is the paper's ablation.
        scale: what the cosines are multiplied by where it is not tuned, above 0; 9, ours. Before
            there are answers of both kinds the pool is looked at with it, and chooses another.
        scales: what is tried, ascending, above 0; None: 0.1 to 100 in steps of 0.1, the authors'
            code.
        objective: what tuning maximizes: "balanced" accuracy as in the authors' code, or plain
            "accuracy" as in the paper.
        cold_factor: how many times the budget is handed on at least until there are answers of
            both kinds, at least 1; 2, ours.

    Raises:
        ArgumentError: `texts` that are neither, a `then` that is no stage, a `scale` not above 0, a
            `cold_factor` below 1.
        ArrayError: `scales` that are not above 0 and ascend.

    Differences from the authors' code, which the published figures come from: where too few
    candidates are predicted known, the next best fill up, instead of an error; the first query
    needs no answers at all, and before there are both kinds more is handed on; a class without
    answers gets neutral visual evidence, instead of an error; embeddings are computed once, not
    twice per round; no label of the pool is read. From the paper: the balanced accuracy is
    maximized (`objective`), over scales instead of temperatures, and prototypes are means of unit
    embeddings, as in the code.

    Cost: nothing is trained; a scale is tuned on the answers; products of every candidate's
    embedding with the texts and the prototypes, and the classifier's pass over the predicted known.

    Reference: Heo and Kang, "Avoid Wasted Annotation Costs in Open-set Active Learning with
    Pre-trained Vision-Language Model", arXiv 2408.04917, 2024 (version 2: VLPure-AL); Wang et al.,
    CLIPN, ICCV 2023. The first scale and `cold_factor` are ours.
    """

    cites = ("heo2024avoid", "wang2023clipn")

    texts: Any = None
    _: KW_ONLY
    then: Stage | QueryStrategy = CONF
    visual_weighting: bool = True
    tune_temperature: bool = True
    scale: float = 9.0
    scales: tuple[float, ...] | None = None
    objective: Objective = "balanced"
    cold_factor: float = 2.0

    def __post_init__(self) -> None:
        if isinstance(self.texts, tuple | list) and len(self.texts) == 2:
            object.__setattr__(self, "texts", TextCosines(*self.texts))
        usable = isinstance(self.texts, TextCosines) or hasattr(self.texts, "class_texts")
        if self.texts is not None and not usable:
            raise ArgumentError(
                f"texts must be an encoder with class_texts, or two tensors (yes, no), each "
                f"[K, D]; got {type(self.texts).__name__}."
            )
        if self.scales is not None:
            object.__setattr__(self, "scales", tuple(as_scales(self.scales).tolist()))
        super().__post_init__()

    def plan(self) -> Chain:
        """Predicted known, then whatever follows."""
        embeddings = "embeddings" if self.visual_weighting else None
        purity = CLIPNPurity(
            tune=self.tune_temperature,
            scale=self.scale,
            scales=self.scales,
            objective=self.objective,
            embeddings=embeddings,
        )
        known = Filter(purity, cold_factor=self.cold_factor)
        return Chain(known, as_stage(self.then, "then"), learners=self._cosines())

    def _cosines(self) -> tuple[Learner, ...]:
        """The cosines with the class texts."""
        if self.texts is None:
            return ()
        given = isinstance(self.texts, TextCosines)
        learner: Any = self.texts if given else ClassCosines(self.texts)
        return (learner,)
