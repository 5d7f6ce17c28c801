"""BGADL: BALD of a classifier with dropout, trained on generated copies of the answers too."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from openal.learners import EmbeddingDropout, GenerativeDropout
from openal.query import Chain, Paper
from openal.strategies.mc_dropout import BALD, VariationRatio, dropout_learners

__all__ = ["BGADL"]


@dataclass(frozen=True)
class BGADL(Paper):
    """What the label would tell about which sample of a classifier with dropout is right.

    Where nobody offers `mc_logits` a classifier with dropout is trained on the known answers:
    `EmbeddingDropout` on the pool's `embeddings`, else `DropoutClassifier` on its items. With
    `augment` it is `learners.GenerativeDropout` on embeddings, trained on a generated copy of each
    known answer too: the generative half of the paper, as far as embeddings have one. It is off
    because it does not help them: over ten seeds, with 40, 100 and 300 answers, the accuracy of
    the classifier changes by -0.1, -0.1 and -0.5 points on the pixels of digits, and by +0.3, -0.3
    and 0.0 points on CLIP ViT-B/32 embeddings of 20 Caltech-101 classes, each with a standard
    error of 0.1 to 0.2.

    Expect less of it than of Random where the pool holds unknown classes: it is a closed-set
    method, and samples disagree most about what the network has learned nothing of.

    Args:
        augment: trains on a generated copy of each known answer; off, ours.
        score: "bald"; or "variation_ratio", where most samples contradict the majority, of equals
            the larger BALD first.
        samples: T of the default learners, at least 1; 20, as in the authors' code.
        p: the share that they drop, above 0 and below 1; 0.5, ours.
        mc_logits: name of the signal [N, T, K].

    Raises:
        ArgumentError: `samples` below 1, a `p` that is not between 0 and 1, another `score`.

    Differences from the paper: its generator, an autoencoder and an auxiliary-classifier GAN on
    images, is not rebuilt; here a variational autoencoder with an auxiliary classifier, and no
    discriminator, makes embeddings. All known answers are copied, each round anew, where the paper
    copies what it queried. Copies teach the network that asks; your own classifier does not see
    them. Differences from the authors' code, a demonstration on MNIST: all candidates are ranked,
    where it ranks a random 2,000 (`query(..., candidates=...)` does that); its maximal entropy is
    left out, and its mean deviation is `MeanSTD`. The figures that NEAT's authors publish as BGADL
    come from code that ranks by least confidence.

    Cost: trains the classifier each round, and with `augment` a small autoencoder on the known
    answers, a second or two; `samples` passes of what follows the dropout over the pool.

    Reference: Tran, Do, Reid and Carneiro, "Bayesian Generative Active Deep Learning", ICML 2019.
    """

    cites = ("tran2019bayesian",)

    augment: bool = False
    _: KW_ONLY
    score: Literal["bald", "variation_ratio"] = "bald"
    samples: int = 20
    p: float = 0.5
    mc_logits: str = "mc_logits"

    def plan(self) -> Chain:
        """The largest disagreement."""
        strategy = BALD if self.score == "bald" else VariationRatio
        stages = strategy(self.samples, p=self.p, mc_logits=self.mc_logits).stages
        learners = dropout_learners(self.samples, self.p)
        if self.augment:
            learners = (GenerativeDropout(dropout=EmbeddingDropout(self.samples, self.p)),)
        return Chain(*stages, learners=learners)
