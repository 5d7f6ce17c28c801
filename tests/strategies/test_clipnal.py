"""CLIPNAL's whole query, written once more in NumPy."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, MissingSignalError
from openal.functional.scale_tuning import DEFAULT_SCALES
from openal.informativeness import Entropy, LeastConfidence, Margin
from openal.labeled import UNKNOWN, LabeledSet
from openal.learners import ClassCosines, TextCosines
from openal.learners._class_texts import ClassTexts
from openal.pool import Pool
from openal.purity import CLIPNPurity
from openal.query import Chain
from openal.selection import Filter, Top
from openal.strategies import CLIPNAL
from tests.walking import walked

Signals = dict[str, np.ndarray]


def drawn(
    seed: int, twice: bool = False, answers: bool = True, k: int | None = None
) -> tuple[Signals, LabeledSet]:
    """A world of 60 items in which the texts tell the classes, roughly; `twice`: each item."""
    rng = np.random.default_rng(seed)
    n, k = 60, k or int(rng.integers(1, 5))
    true = rng.integers(UNKNOWN, k, n)
    yes, no = 0.2 + 0.03 * rng.normal(size=(2, n, k))
    z = rng.normal(size=(n, 6))
    for index in np.flatnonzero(true >= 0):
        yes[index, true[index]] += 0.03
        no[index, true[index]] -= 0.03
        z[index, true[index]] += 2
    logits = rng.integers(0, 3, (n, 1)) * np.eye(1, k)  # many are equally confident
    rows = np.arange(n) // 2 if twice else np.arange(n)
    labeled = LabeledSet(n, k)
    if answers:
        asked = rng.permutation(n)[:20]
        labeled.add(asked[:2], [0, UNKNOWN])
        labeled.add(asked[2:], true[rows][asked[2:]])
    signals = {"yes_cosines": yes, "no_cosines": no, "embeddings": z, "logits": logits}
    return {name: each[rows] for name, each in signals.items()}, labeled


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def evidence(yes: Any, no: Any, visual: Any, scale: float) -> tuple[Any, Any]:
    q = 1 / (1 + np.exp(-scale * (yes - no)))
    p = softmax(scale * yes)
    if visual is None:
        return (p * q).max(axis=1), (p * (1 - q)).sum(axis=1)
    weighted = p * q * softmax(scale * visual)
    return weighted.max(axis=1), (p * (1 - q)).sum(axis=1) / yes.shape[1]


def visual_of(z: np.ndarray, labeled: LabeledSet) -> np.ndarray | None:
    known, labels = labeled.known_indices, labeled.known_labels
    if len(known) == 0:
        return None
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    means = np.full((len(z), labeled.num_classes), -np.inf)
    for c in set(labels.tolist()):
        means[:, c] = (unit @ unit[known[labels == c]].T).mean(axis=1)
    return np.where(np.isinf(means), means.max(axis=1, keepdims=True), means)


def purity_of(signals: Signals, labeled: LabeledSet, weighted: bool, tune: bool) -> np.ndarray:
    """known / (known + unknown) of all items, at the scale that tells the answers best."""
    yes, no = signals["yes_cosines"], signals["no_cosines"]
    visual = visual_of(signals["embeddings"], labeled) if weighted else None
    ids, ood = labeled.known_indices, labeled.unknown_indices
    scale, best = 9.0, 0.0
    for each in DEFAULT_SCALES.tolist() if tune and len(ids) and len(ood) else ():
        known, unknown = evidence(yes, no, visual, each)
        accuracy = ((known > unknown)[ids].mean() + (known <= unknown)[ood].mean()) / 2
        scale, best = (each, accuracy) if accuracy > best else (scale, best)
    known, unknown = evidence(yes, no, visual, scale)
    purity: np.ndarray = known / (known + unknown)
    return purity


def reference(
    signals: Signals, labeled: LabeledSet, budget: int, weighted: bool = True, tune: bool = True
) -> tuple[list[int], int]:
    """The query and how many of it were predicted unknown."""
    purity = np.round(purity_of(signals, labeled, weighted, tune), 12)
    confidence = np.round(softmax(signals["logits"]).max(axis=1), 12)
    ranked = sorted(labeled.unlabeled_indices.tolist(), key=lambda i: (-purity[i], i))
    passed = int((purity[ranked] > 0.5).sum())
    kept = ranked[: max(passed, budget)]
    return (
        sorted(kept, key=lambda i: (confidence[i], -purity[i], i))[:budget],
        max(0, min(budget, len(ranked)) - passed),
    )


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("twice", [False, True])
def test_the_query_is_that_of_the_reference(seed: int, twice: bool) -> None:
    signals, labeled = drawn(seed, twice)
    purity = purity_of(signals, labeled, True, True)
    for budget in (1, 7, 30, 100):
        query = CLIPNAL().query(Pool(**signals), labeled, budget)
        indices, filled = reference(signals, labeled, budget)
        assert query.indices.tolist() == indices
        assert query.n_filled == filled
        assert query.purity is not None
        np.testing.assert_allclose(query.purity, purity[indices], rtol=1e-6)


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weighted, tune", [(False, True), (True, False), (False, False)])
def test_the_ablations(seed: int, weighted: bool, tune: bool) -> None:
    signals, labeled = drawn(seed)
    strategy = CLIPNAL(visual_weighting=weighted, tune_temperature=tune)
    query = strategy.query(Pool(**signals), labeled, 10)
    assert (query.indices.tolist(), query.n_filled) == reference(
        signals, labeled, 10, weighted, tune
    )
    assert ("embeddings" in strategy.reads) == weighted
    assert ("scale_untuned" in query.diagnostics) != tune


@pytest.mark.parametrize("seed", range(3))
def test_the_first_query_needs_no_answers(seed: int) -> None:
    signals, labeled = drawn(seed, answers=False)
    query = CLIPNAL().query(Pool(**signals), labeled, 12, seed=0)
    assert len(set(query)) == 12
    assert query.diagnostics["scale_untuned"] == "both kinds of answers are needed"


@pytest.mark.parametrize("answers", [{}, {0: 0}, {0: UNKNOWN}])
def test_what_chooses_has_a_choice_before_both_kinds_are_answered(answers: dict[int, int]) -> None:
    signals, labeled = drawn(0, answers=False)
    labeled.add([*answers], [*answers.values()])
    for factor in (2.0, 3.0):
        strategy = CLIPNAL(tune_temperature=False, scale=0.01, cold_factor=factor)  # none passes
        query = strategy.query(Pool(**signals), labeled, 7, seed=0)
        assert len(query.steps[0].kept) == 7 * factor


def test_with_both_kinds_of_answers_the_budget_is_handed_on_where_none_passes() -> None:
    signals, labeled = drawn(0)
    strategy = CLIPNAL(tune_temperature=False, scale=0.01)
    assert len(strategy.query(Pool(**signals), labeled, 7, seed=0).steps[0].kept) == 7


def test_equal_confidence_goes_to_the_purer_then_to_the_lower_index() -> None:
    yes = np.array([[0.3], [0.4], [0.3], [0.1], [0.4]])
    pool = Pool(yes_cosines=yes, no_cosines=np.full((5, 1), 0.2), logits=np.zeros((5, 1)))
    query = CLIPNAL(visual_weighting=False).query(pool, LabeledSet(5, 1), 5)
    assert query.indices.tolist() == [1, 4, 0, 2, 3]
    assert query.n_filled == 1


class Encoder:
    """Gives its directions for any class names, as CLIPN does for real ones."""

    def class_texts(self, names: Any) -> ClassTexts:
        return ClassTexts(*map(torch.tensor, TEXTS[:, : len(names)]))


TEXTS = np.random.default_rng(9).normal(size=(2, 4, 6))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_texts_are_cosines_with_the_embeddings(seed: int) -> None:
    signals, labeled = drawn(seed)
    named = LabeledSet(60, [f"class {c}" for c in range(labeled.num_classes)])
    named.add(labeled.known_indices, labeled.known_labels)
    named.add(labeled.unknown_indices, [UNKNOWN] * len(labeled.unknown_indices))
    z, texts = signals["embeddings"], TEXTS[:, : labeled.num_classes]
    yes, no = (
        (z / np.linalg.norm(z, axis=1, keepdims=True))
        @ (each / np.linalg.norm(each, axis=1, keepdims=True)).T
        for each in texts
    )
    given = Pool(embeddings=z, logits=signals["logits"], yes_cosines=yes, no_cosines=no)
    bare = Pool(embeddings=z, logits=signals["logits"])
    tensors = torch.tensor(texts[0]), torch.tensor(texts[1])
    expected = CLIPNAL().query(given, named, 10).indices.tolist()
    for texts in (tensors, list(tensors), TextCosines(*tensors), Encoder()):
        assert CLIPNAL(texts).query(bare, named, 10).indices.tolist() == expected


def test_texts_are_learners_that_offer_the_cosines() -> None:
    tensors = torch.eye(2), torch.eye(2)
    assert isinstance(CLIPNAL(tensors).learners[0], TextCosines)
    assert isinstance(CLIPNAL(Encoder()).learners[0], ClassCosines)
    assert CLIPNAL().learners == ()


@pytest.mark.parametrize("seed", range(3))
def test_any_chain_may_follow(seed: int) -> None:
    signals, labeled = drawn(seed, k=4)
    signals["logits"] = np.random.default_rng(seed).normal(size=(60, 4))
    then = Chain(Top(Entropy(), factor=2), Top(Margin()))
    query = CLIPNAL(then=then).query(Pool(**signals), labeled, 6)
    purity, p = purity_of(signals, labeled, True, True), softmax(signals["logits"])
    ranked = sorted(labeled.unlabeled_indices.tolist(), key=lambda i: -purity[i])
    kept = ranked[: max(6, int((purity[ranked] > 0.5).sum()))]
    entropy = -(p * np.log(p)).sum(axis=1)
    margin = np.sort(p, axis=1)[:, -1] - np.sort(p, axis=1)[:, -2]
    uneven = sorted(kept, key=lambda i: -entropy[i])[:12]
    assert query.indices.tolist() == sorted(uneven, key=lambda i: margin[i])[:6]


def test_the_stages_are_those_of_the_paper() -> None:
    conf = Top(LeastConfidence())
    assert CLIPNAL().stages == (Filter(CLIPNPurity(), above=0.5, cold_factor=2), conf)
    assert CLIPNAL(scale=4.0, visual_weighting=False, tune_temperature=False).stages == (
        Filter(CLIPNPurity(False, scale=4.0, embeddings=None), above=0.5, cold_factor=2),
        conf,
    )
    tuned = CLIPNPurity(scales=(1.0, 9.0), objective="accuracy")
    assert CLIPNAL(scales=[1, 9], objective="accuracy", cold_factor=1).stages == (
        Filter(tuned, above=0.5),
        conf,
    )
    then = Chain(Top(Entropy(), factor=2), Top(Margin()))
    assert CLIPNAL(then=then).stages[1:] == then.stages
    assert CLIPNAL().reads == ("embeddings", "logits", "no_cosines", "yes_cosines")


@pytest.mark.parametrize(
    "strategy",
    [
        CLIPNAL(),
        CLIPNAL(then=Top(Entropy()), visual_weighting=False, scale=3.5),
        CLIPNAL(then=Chain(Top(Entropy(), factor=2), Top(Margin())), tune_temperature=False),
    ],
)
def test_its_repr_makes_it_again(strategy: CLIPNAL) -> None:
    assert eval(repr(strategy)) == strategy  # noqa: S307
    assert eval(repr(strategy)).stages == strategy.stages  # noqa: S307


@pytest.mark.parametrize("missing", ["embeddings", "yes_cosines", "no_cosines", "logits"])
def test_what_is_missing_is_named(missing: str) -> None:
    signals, labeled = drawn(0)
    del signals[missing]
    with pytest.raises(MissingSignalError, match=f"^CLIPNAL reads '{missing}'; the pool offers"):
        CLIPNAL().query(Pool(**signals), labeled, 3)


def test_texts_need_embeddings_and_say_so() -> None:
    pool = Pool(logits=np.zeros((4, 2)))
    strategy = CLIPNAL((torch.eye(2), torch.eye(2)), visual_weighting=False)
    with pytest.raises(MissingSignalError, match="TextCosines needs: embeddings"):
        strategy.query(pool, LabeledSet(4, 2), 1)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"scale": 0}, "scale must be"),
        ({"then": Entropy()}, "a score stands in one"),
        ({"then": 3}, "then must be"),
        ({"cold_factor": 0.5}, "cold_factor must be"),
        ({"objective": "loss"}, "objective must be"),
        ({"scales": [3.0, 2.0]}, "scales must be"),
    ],
)
def test_options_that_cannot_be_are_refused_when_made(options: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        CLIPNAL(**options)
