"""PAL: the quota of the unknown, and who is asked."""

import numpy as np
import torch

from openal.functional.entropies import progressive_score
from openal.informativeness import Progressive
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.strategies import PAL
from openal.testing import world


def asked(strategy: PAL, heads: torch.Tensor, answers: dict[int, int], budget: int) -> list[int]:
    labeled = LabeledSet(len(heads), heads.shape[2])
    labeled.add([*answers], [*answers.values()])
    query = strategy.query(Pool(head_logits=heads), labeled, budget, seed=0)
    return [*query]


def test_the_best_known_and_then_the_surest_unknown() -> None:
    heads = torch.randn(100, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    value, known = progressive_score(heads)
    known[0] = False
    value[0] = torch.inf  # answered
    best = [i for i in value.argsort(descending=True).tolist() if known[i]][:8]
    least = [i for i in value.argsort().tolist() if not known[i]][:2]
    assert asked(PAL(share=0.2), heads, {0: UNKNOWN}, 10) == best + least


def test_the_first_query_is_mostly_of_what_looks_unknown() -> None:
    heads = torch.randn(100, 2, 3, generator=torch.Generator().manual_seed(1)).double()
    value, known = progressive_score(heads)
    query = asked(PAL(), heads, {}, 10)
    assert sum(bool(known[i]) for i in query) == 2
    assert query[2] == int(value.argmin())


def test_a_small_weight_still_puts_the_predicted_known_first() -> None:
    heads = torch.randn(50, 2, 3, generator=torch.Generator().manual_seed(2))
    labeled = LabeledSet(50, 3)
    view = Pool(head_logits=heads).view(labeled, reads=("head_logits",))
    _, known = progressive_score(heads)
    for mu in (0.0, 0.1, 2.0):
        scores = Progressive(mu=mu)(view)
        assert scores[known].min() > scores[~known].max()
        turned = Progressive(mu=mu, unknown=True)(view)
        assert turned[~known].min() > turned[known].max()


def test_learned_heads_find_the_known() -> None:
    made = world(3, size=300)
    pool = Pool(embeddings=made.signals["embeddings"])
    found = PAL().query(pool, made.labeled, 30, seed=0).indices
    assert np.mean(made.hidden[found] >= 0) > 0.8
