"""TextShare beside NumPy: a softmax over texts, and what the answers say of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from openal.errors import ArgumentError, ArrayError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import TextShare
from openal.strategies import KnownKMeans
from openal.view import Blocks, View

RNG = np.random.default_rng(0)
TEXTS = RNG.normal(size=(30, 6)).astype("f4")
CLASSES, NEGATIVES = TEXTS[:3], TEXTS[3:]
KIND = np.arange(200) % 30
ROWS = (TEXTS[KIND] + RNG.normal(size=(200, 6))).astype("f4")
POOL = Pool(None, embeddings=ROWS)


def labeled(count: int) -> LabeledSet:
    answers = LabeledSet(200, 3)
    if count:
        answers.add(np.arange(count), np.where(KIND[:count] < 3, KIND[:count], UNKNOWN))
    return answers


def view(count: int, pool: Pool = POOL) -> View:
    return pool.view(labeled(count), reads=("embeddings",))


def score(scale: float = 10.0) -> TextShare:
    return TextShare(torch.from_numpy(CLASSES), negatives=torch.from_numpy(NEGATIVES), scale=scale)


def slow(count: int, scale: float = 10.0) -> list[float]:
    z, c, n = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (ROWS, CLASSES, NEGATIVES))
    likeness = np.quantile(n @ c.T, 0.95, axis=1)
    n = n[np.argsort(likeness, kind="stable")[: round(0.9 * len(n))]]
    known, other = (np.exp(scale * z.astype(float) @ each.T).sum(axis=1) for each in (c, n))
    logit, is_known = np.log(known / other), KIND[:count] < 3

    def minus_log_posterior(at: np.ndarray) -> float:
        p = 1 / (1 + np.exp(-(np.exp(at[0]) * logit[:count] + at[1])))
        likelihood = np.log(np.where(is_known, p, 1 - p)).sum()
        return float((at[0] - np.log(0.5)) ** 2 / 2 / 0.25 + at[1] ** 2 / 2 / 4 - likelihood)

    a, offset = minimize(minus_log_posterior, [np.log(0.5), 0.0]).x
    return list(1 / (1 + np.exp(-(np.exp(a) * logit + offset)))[count:])


@pytest.mark.parametrize("count", [0, 1, 10, 60])
def test_it_is_the_calibrated_softmax(count: int) -> None:
    assert score()(view(count)).tolist() == pytest.approx(slow(count), abs=1e-4)


def test_blocks_change_no_bit() -> None:
    assert score()(view(40)).equal(score()(view(40, POOL.with_engine(Blocks(rows=7)))))


def test_the_fit_is_told() -> None:
    noted = view(40)
    score()(noted)
    assert noted.notes["slope"] > 0 and "offset" in noted.notes


def test_texts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ArgumentError, match="scale must be"):
        score(scale=0.0)
    texts = torch.from_numpy(NEGATIVES)
    for classes in (texts[:0], texts[:3, :4], texts[:3] * torch.nan):
        with pytest.raises(ArrayError, match="classes"):
            TextShare(classes, negatives=texts)(view(0))


def test_with_texts_the_first_questions_go_where_they_say() -> None:
    texts = torch.from_numpy(CLASSES), torch.from_numpy(NEGATIVES)
    with_texts, without = (
        np.concatenate([KIND[each.query(POOL, labeled(0), 10, seed=s).indices] for s in range(5)])
        for each in (KnownKMeans(texts=texts), KnownKMeans())
    )
    assert (with_texts < 3).mean() > 1.5 * (without < 3).mean()


def test_texts_are_a_pair() -> None:
    with pytest.raises(ArgumentError, match="texts must be a pair"):
        KnownKMeans(texts=torch.from_numpy(CLASSES))  # type: ignore[arg-type]


@pytest.mark.long
def test_real_texts_tell_known_from_unknown(shared_data: Callable[[str], Path]) -> None:
    """20 classes of Caltech-101 against its others and pets, no answer: AUROC at least .9."""
    from sklearn.metrics import roc_auc_score

    text = np.load(shared_data("clip_vitb32/text_lvis1203.npz"), allow_pickle=False)
    caltech = np.load(shared_data("clip_vitb32/caltech101.npz"), allow_pickle=False)
    row = {str(name).replace("_", " "): at for at, name in enumerate(text["names"])}
    names = [str(name).replace("_", " ").lower() for name in caltech["names"]]
    known = [at for at, name in enumerate(names) if name in row][:20]
    classes = torch.from_numpy(text["a"][[row[names[at]] for at in known]].astype("f4"))
    negatives = torch.from_numpy(text["a"].astype("f4"))
    pool = Pool(None, embeddings=caltech["test_emb"].astype("f4"))
    found = TextShare(classes, negatives=negatives)(
        pool.view(LabeledSet(len(pool), 20), reads=("embeddings",))
    )
    assert roc_auc_score(np.isin(caltech["test_label"], known), found) > 0.9
