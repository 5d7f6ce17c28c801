"""PromptGate's gate: texts tuned on known and UNKNOWN answers say who is asked at all."""

from dataclasses import KW_ONLY, dataclass, field

from torch import Tensor

from openal.informativeness import Entropy, Uniform
from openal.learners import EmbeddingClassifier, Prompts, TunedPrompts
from openal.parts import as_stage
from openal.purity import PromptMargin
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Filter, Note, Top, UntilKnown
from openal.step import Stage
from openal.strategies._texts import prompts_of

__all__ = ["PromptGate"]

ENTROPY = Top(Entropy())
"""One of the acquisitions behind the paper's gate, which takes any."""


@dataclass(frozen=True)
class PromptGate(Paper):
    """Candidates whose likeliest text, tuned on the answers, is one of a class; then any stage.

    The gate passes a candidate whose `prompt_logits` are largest for a class, not for one of the
    other texts. The texts are tuned in every round on the known and the UNKNOWN answers; before any
    answer they are as they are. Since only what passes is asked, the UNKNOWN answers are those that
    the gate let through. Until an item of a known class is answered, the query is a random draw
    among what passes.

    Reads `prompt_logits`, and the classifier's `logits` for the entropy; where neither the pool nor
    `model=` offers logits, `EmbeddingClassifier` is fitted to the answers' `embeddings`.

    Args:
        texts: (classes [K, D], others [M, D]), text embeddings of the classes and of other things
            that the pool may hold, in the space of the embeddings; the paper has one other text,
            "unknown or artifact". None: the pool offers `prompt_logits` itself.
        then: a stage or a strategy that chooses; by default the largest entropies.
        tuned: whether answers tune the texts; False is the paper's static gate.
        embeddings: name of the signal [N, D], of the image-text model.

    Raises:
        ArgumentError: `texts` that are no pair, a `then` that is no stage.
        ArrayError: texts that are not [K, D] and [M, D], not finite, or none.

    Differences from the paper and its code: one site, without federation; residuals of the texts'
    embeddings are tuned, where the paper tunes 16 tokens of each class before the text tower, and
    anew in every round, where it goes on from the last; on all answers, where the code draws at
    most 128 of a class; the gate is tuned from the first answer on; candidates that do not pass
    fill up a query that would be too small.

    Cost: tunes K + M vectors on all answers; their products with every candidate's embedding, and
    the classifier's pass over those that pass.

    Reference: Nesturi, Duenas Gaviria, Zeng and Albarqouni, "PromptGate Client Adaptive Vision
    Language Gating for Open Set Federated Active Learning", arXiv 2603.07163, 2026.
    """

    cites = ("nesturi2026promptgate",)

    texts: tuple[Tensor, Tensor] | None = field(default=None, repr=False, compare=False)
    _: KW_ONLY
    then: Stage | QueryStrategy = ENTROPY
    tuned: bool = True
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """The gate, then whatever follows; a random draw first."""
        prompts, gate = TunedPrompts if self.tuned else Prompts, PromptMargin()
        return Chain(
            Filter(gate),
            UntilKnown(Top(Uniform()), then=Note(gate)),
            as_stage(self.then, "then"),
            learners=(
                *prompts_of(self.texts, prompts, self.embeddings),
                EmbeddingClassifier(embeddings=self.embeddings),
            ),
        )
