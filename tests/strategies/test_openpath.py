"""OpenPath on embeddings and texts alone, from no answer on."""

import numpy as np
import pytest
import torch

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, MissingSignalError
from openal.strategies import OpenPath, PromptGate

RNG = np.random.default_rng(0)
KIND = np.arange(300) % 5
Z = (np.eye(8)[KIND] + 0.2 * RNG.normal(size=(300, 8))).astype(np.float32)
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
TEXTS = torch.eye(8)[:2], torch.eye(8)[2:5]
POOL = Pool(embeddings=Z)


@pytest.mark.parametrize("strategy", [OpenPath(TEXTS), PromptGate(TEXTS)], ids=["path", "gate"])
def test_the_texts_begin_and_the_answers_go_on(strategy: OpenPath | PromptGate) -> None:
    labeled = LabeledSet(300, 2)
    for _ in range(3):
        query = strategy.query(POOL, labeled, 10, seed=0)
        assert (LABELS[query.indices] >= 0).mean() > 0.8  # of 40 %
        assert {*LABELS[query.indices]} >= {0, 1}
        labeled.begin_round(query)
        labeled.add(query.indices, LABELS[query.indices])


@pytest.mark.parametrize("strategy", [OpenPath(TEXTS), PromptGate(TEXTS)], ids=["path", "gate"])
def test_only_unknown_answers_leave_the_texts_to_decide(strategy: OpenPath | PromptGate) -> None:
    labeled = LabeledSet(300, 2)
    labeled.add([2, 3, 4], [UNKNOWN] * 3)
    query = strategy.query(POOL, labeled, 10, seed=0)
    assert (LABELS[query.indices] >= 0).mean() > 0.8


@pytest.mark.parametrize("kind", [OpenPath, PromptGate])
def test_a_pool_without_texts_says_how_to_offer_them(kind: type[OpenPath | PromptGate]) -> None:
    with pytest.raises(MissingSignalError, match=r"'prompt_logits'.*Prompts\(classes, others\)"):
        kind().query(POOL, LabeledSet(300, 2), 10)


@pytest.mark.parametrize("kind", [OpenPath, PromptGate])
def test_texts_are_a_pair(kind: type[OpenPath | PromptGate]) -> None:
    with pytest.raises(ArgumentError, match="texts must be a pair"):
        kind(torch.eye(8)[:2])  # type: ignore[arg-type]


def test_what_the_gate_learns_is_the_answers() -> None:
    """Texts that name the wrong things are put right by a few answers."""
    wrong = 1 + 0.05 * TEXTS[1][:2], 1 + 0.05 * TEXTS[0][:1]
    labeled = LabeledSet(300, 2)
    labeled.add(range(40), LABELS[:40])
    queries = [
        PromptGate(wrong, tuned=tuned).query(POOL, labeled, 20, seed=0) for tuned in (False, True)
    ]
    static, tuned = ((LABELS[query.indices] >= 0).mean() for query in queries)
    assert static < 0.5 < 0.8 < tuned


def test_the_first_query_of_the_gate_is_a_draw_among_what_passes() -> None:
    queries = [PromptGate(TEXTS).query(POOL, LabeledSet(300, 2), 10, seed=s) for s in range(4)]
    assert len({tuple(sorted(query.indices)) for query in queries}) == 4
