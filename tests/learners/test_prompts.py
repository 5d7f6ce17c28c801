"""Texts of an image-text model: their logits as they are, and tuned on the answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, ArrayError
from openal.learners import Prompts, TunedPrompts

RNG = np.random.default_rng(0)
KIND = np.arange(200) % 4
Z = (np.eye(6)[KIND] + 0.3 * RNG.normal(size=(200, 6)) + 1).astype(np.float32)
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
POOL = Pool(embeddings=Z)
# Texts share a direction with each other, and say little of the images, as CLIP's do.
CLASSES = torch.from_numpy(1 + 0.1 * RNG.normal(size=(2, 6))).float()
OTHERS = torch.from_numpy(1 + 0.1 * RNG.normal(size=(1, 6))).float()


def answered(*indices: int) -> LabeledSet:
    labeled = LabeledSet(200, 2)
    labeled.add(indices, LABELS[[*indices]])
    return labeled


def logits(learner: Any, labeled: LabeledSet) -> Tensor:
    fitted = learner.fit(POOL, labeled)
    found: Tensor = fitted.signals(POOL, np.arange(200), ("prompt_logits",))["prompt_logits"]
    return found


def right(z: Tensor) -> float:
    """How often the likeliest text says whether an item is of a class."""
    return float(((z.argmax(dim=1) < 2).numpy() == (LABELS >= 0)).mean())


def test_are_the_scaled_cosines() -> None:
    z, texts = torch.from_numpy(Z), torch.cat([CLASSES, OTHERS])
    expected = 7 * torch.cosine_similarity(z[:, None], texts[None], dim=2)
    torch.testing.assert_close(logits(Prompts(CLASSES, OTHERS, scale=7), answered()), expected)


def test_answers_do_not_matter_to_texts_that_are_not_tuned() -> None:
    prompts = Prompts(CLASSES, OTHERS)
    assert logits(prompts, answered(*range(30))).equal(logits(prompts, answered()))


def test_before_any_answer_tuned_texts_are_as_they_are() -> None:
    tuned, plain = TunedPrompts(CLASSES, OTHERS), Prompts(CLASSES, OTHERS)
    assert logits(tuned, answered()).equal(logits(plain, answered()))


def test_answers_tell_what_the_texts_did_not() -> None:
    before, after = (logits(TunedPrompts(CLASSES, OTHERS), answered(*range(n))) for n in (0, 40))
    assert right(after) > 0.9 > 0.6 > right(before)


def test_unknown_answers_teach_too() -> None:
    known = [i for i in range(40) if LABELS[i] >= 0]
    tuned = TunedPrompts(CLASSES, OTHERS)
    assert right(logits(tuned, answered(*range(40)))) > right(logits(tuned, answered(*known)))


def test_a_large_decay_leaves_the_texts_alone() -> None:
    stiff = logits(TunedPrompts(CLASSES, OTHERS, weight_decay=1e6), answered(*range(40)))
    torch.testing.assert_close(
        stiff, logits(Prompts(CLASSES, OTHERS), answered()), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("kind", [Prompts, TunedPrompts])
def test_what_cannot_be(kind: Any) -> None:
    with pytest.raises(ArrayError, match=r"\[K, D\] and \[M, D\]"):
        kind(CLASSES, OTHERS[:, :3])
    with pytest.raises(ArrayError, match=r"K, M > 0"):
        kind(CLASSES, OTHERS[:0])
    with pytest.raises(ArrayError, match="others must be finite"):
        kind(CLASSES, OTHERS * torch.nan)
    with pytest.raises(ArgumentError, match="scale"):
        kind(CLASSES, OTHERS, scale=0)
    with pytest.raises(ArgumentError, match="one text for each of 3 classes, got 2"):
        kind(CLASSES, OTHERS).fit(POOL, LabeledSet(200, 3))
    with pytest.raises(ArrayError, match="6 columns and the texts 3"):
        logits(kind(CLASSES[:, :3], OTHERS[:, :3]), answered(0, 1, 2))


def passed(
    learner: Any, pool: Pool, known: np.ndarray, labels: np.ndarray, asked: np.ndarray
) -> float:
    """The share of known items among those whose likeliest text is one of a class."""
    labeled = LabeledSet(len(labels), int(labels.max()) + 1)
    labeled.add(asked, labels[asked])
    rest = np.setdiff1d(np.arange(len(labels)), asked)
    fitted = learner.fit(pool, labeled)
    z = fitted.signals(pool, rest, ("prompt_logits",))["prompt_logits"]
    return float(known[rest][(z.argmax(dim=1) <= labels.max()).numpy()].mean())


@pytest.mark.long
def test_twenty_answers_make_a_gate_of_real_texts(shared_data: Callable[[str], Path]) -> None:
    texts = np.load(shared_data("clip_vitb32/text_lvis1203.npz"), allow_pickle=False)
    caltech = np.load(shared_data("clip_vitb32/caltech101.npz"), allow_pickle=False)
    pets = np.load(shared_data("clip_vitb32/oxford_pets.npz"), allow_pickle=False)
    nouns = [str(name).lower() for name in texts["names"]]
    names = [str(name).lower() for name in caltech["names"]]
    places = [at for at, name in enumerate(names) if name in nouns][:20]
    rows = [nouns.index(names[at]) for at in places]
    known = np.concatenate([np.isin(caltech["test_label"], places), np.zeros(1000, bool)])
    label = [places.index(at) if at in places else UNKNOWN for at in caltech["test_label"]]
    labels = np.array([*label, *[UNKNOWN] * 1000])
    z = np.concatenate([caltech["test_emb"], pets["test_emb"][:1000]]).astype(np.float32)
    pool = Pool(embeddings=z)
    said = torch.from_numpy(texts["a"].astype(np.float32))
    learner = TunedPrompts(said[rows], said.mean(dim=0, keepdim=True))
    asked = np.random.default_rng(0).permutation(len(labels))[:20]
    assert passed(learner, pool, known, labels, asked[:0]) < 0.4
    assert passed(learner, pool, known, labels, asked) > 0.75
