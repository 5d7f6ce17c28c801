"""CLIPN's purity, tuned on the answers, beside CLIPNAL's procedure written once more in NumPy."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, MissingSignalError
from openal.functional.scale_tuning import DEFAULT_SCALES
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import CLIPNPurity
from openal.query import Chain, Query
from openal.selection import Top
from tests.walking import walked

World = tuple[dict[str, np.ndarray], LabeledSet]


def world(seed: int, absent: bool = False) -> World:
    """Class-like embeddings and cosines of 40 items; some are answered."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2 if absent else 1, 5))
    true = rng.integers(UNKNOWN, k, 40)
    yes, no = 0.2 + 0.03 * rng.normal(size=(2, 40, k))
    z = rng.normal(size=(40, 6)) * rng.gamma(3, size=(40, 1))
    for index in np.flatnonzero(true >= 0):
        yes[index, true[index]] += 0.04
        no[index, true[index]] -= 0.04
        z[index, true[index]] += 4
    labeled = LabeledSet(40, k)
    asked = rng.permutation(40)[:16]
    answers = np.where(absent & (true[asked] == 0), SKIPPED, true[asked])
    labeled.add(asked, answers)
    return {"yes_cosines": yes, "no_cosines": no, "embeddings": z}, labeled


def unit(z: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = z / np.linalg.norm(z, axis=1, keepdims=True)
    return scaled


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def visual(z: np.ndarray, labeled: LabeledSet, index: int, leave_out: bool = False) -> Any:
    """The mean cosines of an item with the images of each class; the largest, where it has none."""
    means = []
    for c in range(labeled.num_classes):
        members = labeled.known_indices[labeled.known_labels == c]
        members = members[members != index] if leave_out else members
        cosines = unit(z[members]) @ unit(z[[index]])[0]
        means.append(cosines.mean() if len(members) else np.nan)
    if np.isnan(means).all():
        return np.zeros(len(means))
    return np.where(np.isnan(means), np.nanmax(means), means)


def evidence(yes: Any, no: Any, seen: Any, scale: float, rule: str = "atd") -> Any:
    """Known and unknown [n, 2] of items: the rules of CLIPNAL's code."""
    q = 1 / (1 + np.exp(-scale * (yes - no)))
    if rule == "ctw":
        known = q[np.arange(len(yes)), yes.argmax(axis=1)]
        return np.stack([known, 1 - known], axis=1)
    p = softmax(scale * yes)
    known, unknown = p * q, (p * (1 - q)).sum(axis=1)
    if seen is not None:
        known, unknown = known * softmax(scale * seen), unknown / yes.shape[1]
    return np.stack([known.max(axis=1), unknown], axis=1)


def middle(accuracies: list[float]) -> int:
    """The middle of the longest run of best scales."""
    at = longest = run = 0
    for position, accuracy in enumerate(accuracies):
        run = run + 1 if accuracy == max(accuracies) else 0
        at, longest = (position - run // 2, run) if run > longest else (at, longest)
    return at


def reference(
    signals: dict[str, np.ndarray],
    labeled: LabeledSet,
    *,
    weighted: bool,
    rule: str = "atd",
    leave_one_out: bool = False,
    center: bool = False,
) -> tuple[np.ndarray, float, float]:
    """The purity of the unlabeled items, the tuned scale and its balanced accuracy."""
    yes, no, z = signals.values()

    def seen(indices: np.ndarray, leave_out: bool = False) -> Any:
        rows = [visual(z, labeled, i, leave_out) for i in indices]
        return yes[indices], no[indices], np.array(rows) if weighted else None

    known, unknown = seen(labeled.known_indices, leave_one_out), seen(labeled.unknown_indices)
    accuracies = []
    for scale in DEFAULT_SCALES.tolist():
        ids, ood = evidence(*known, scale, rule), evidence(*unknown, scale, rule)
        told = (ids[:, 0] > ids[:, 1]).mean(), (ood[:, 0] <= ood[:, 1]).mean()
        accuracies.append(sum(told) / 2)
    at = middle(accuracies) if center else accuracies.index(max(accuracies))
    rows = evidence(*seen(labeled.unlabeled_indices), DEFAULT_SCALES[at].item(), rule)
    return rows[:, 0] / rows.sum(axis=1), DEFAULT_SCALES[at].item(), accuracies[at]


def asked(part: CLIPNPurity, signals: dict[str, Any], labeled: LabeledSet) -> Query:
    return Chain(Top(part)).query(Pool(**signals), labeled, 40, seed=0)


def purity(query: Query) -> np.ndarray:
    scores = query.steps[0].scores
    assert scores is not None and scores.dtype == torch.float64
    return scores.numpy()


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"embeddings": None},
        {"leave_one_out": True},
        {"rule": "ctw"},
        {"tie_break": "center"},
    ],
    ids=repr,
)
def test_end_to_end(options: dict[str, Any], seed: int) -> None:
    signals, labeled = world(seed)
    query = asked(CLIPNPurity(**options), signals, labeled)
    expected, scale, accuracy = reference(
        signals,
        labeled,
        weighted="embeddings" not in options and "rule" not in options,
        rule=options.get("rule", "atd"),
        leave_one_out=options.get("leave_one_out", False),
        center="tie_break" in options,
    )
    assert query.diagnostics["scale"] == pytest.approx(scale, abs=1e-9)
    assert query.diagnostics["balanced_accuracy"] == pytest.approx(accuracy, abs=1e-12)
    assert "scale_untuned" not in query.diagnostics
    np.testing.assert_allclose(purity(query), expected, rtol=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("leave_one_out", [False, True])
def test_a_class_without_answers_is_neither_favored_nor_starved(leave_one_out: bool) -> None:
    signals, labeled = world(3, absent=True)
    assert 0 not in labeled.known_labels
    query = asked(CLIPNPurity(leave_one_out=leave_one_out), signals, labeled)
    expected, scale, _ = reference(signals, labeled, weighted=True, leave_one_out=leave_one_out)
    assert query.diagnostics["scale"] == pytest.approx(scale, abs=1e-9)
    np.testing.assert_allclose(purity(query), expected, rtol=1e-9)


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 2, 2]])
def test_an_image_left_out_counts_for_no_class(labels: list[int]) -> None:
    rng = np.random.default_rng(len(set(labels)))
    z = rng.normal(size=(6, 4))
    labeled = LabeledSet(6, 3)
    labeled.add([0, 1, 2, 3], labels)
    labeled.add(4, UNKNOWN)
    pool = Pool(embeddings=z, yes_cosines=z[:, :3], no_cosines=z[:, :3])
    view = pool.view(labeled, reads=pool.offers)
    part = CLIPNPurity(leave_one_out=True)
    found = part._visual(view, part._prototypes(view))
    assert found is not None
    expected = np.array([visual(z, labeled, i, leave_out=i < 4) for i in range(5)])
    for row, each in zip(found.numpy(), expected, strict=True):  # a softmax follows: a shift is one
        np.testing.assert_allclose(row - row.max(), each - each.max(), atol=1e-12)


def test_a_lone_image_left_out_gives_nothing_away() -> None:
    z = np.array([[1.0, 0], [0, 1], [0.6, 0.8], [0, -1], [1, 1]])
    labeled = LabeledSet(5, 3)
    labeled.add([0, 1, 2, 3], [0, 1, 1, UNKNOWN])  # class 2 has no image, class 0 has one
    pool = Pool(embeddings=z, yes_cosines=np.zeros((5, 3)), no_cosines=np.zeros((5, 3)))
    part, view = CLIPNPurity(leave_one_out=True), pool.view(labeled, reads=pool.offers)
    found = part._visual(view, part._prototypes(view))
    assert found is not None
    np.testing.assert_allclose(found[0], [0.3, 0.3, 0.3], atol=1e-12)
    np.testing.assert_allclose(found[1], [0.0, 0.8, 0.8], atol=1e-12)


@walked
@pytest.mark.parametrize(
    "answers, tune, why",
    [
        ({}, True, "both kinds of answers are needed"),
        ({0: 0, 1: 1, 2: SKIPPED}, True, "both kinds of answers are needed"),
        ({0: UNKNOWN}, True, "both kinds of answers are needed"),
        ({0: 0, 1: UNKNOWN}, False, "tune=False"),
    ],
)
@pytest.mark.parametrize("scale", [9.0, 30.0])
def test_untuned_it_takes_the_given_scale(
    answers: dict[int, int], tune: bool, why: str, scale: float
) -> None:
    signals, _ = world(1)
    yes, no, z = signals.values()
    labeled = LabeledSet(40, yes.shape[1])
    if answers:
        labeled.add(list(answers), list(answers.values()))
    part = CLIPNPurity(tune, scale=scale, start="scale")
    query = asked(part, signals, labeled)
    assert query.diagnostics["scale"] == scale
    assert query.diagnostics["scale_untuned"] == why
    assert "balanced_accuracy" not in query.diagnostics
    weighted = len(labeled.known_indices) > 0
    asked_for = labeled.unlabeled_indices
    seen = np.array([visual(z, labeled, i) for i in asked_for]) if weighted else None
    rows = evidence(yes[asked_for], no[asked_for], seen, scale)
    np.testing.assert_allclose(purity(query), rows[:, 0] / rows.sum(axis=1), rtol=1e-9)


def undecided(seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """60 items that the texts tell apart at scales above about 10, and which are known."""
    rng = np.random.default_rng(seed)
    is_known = np.arange(60) < 20
    yes, no = 0.2 + 0.002 * rng.normal(size=(2, 60, 3))
    yes[np.arange(60), np.arange(60) % 3] += np.where(is_known, 0.08, 0.03)
    return {"yes_cosines": yes, "no_cosines": no}, is_known


@pytest.mark.parametrize("seed", range(3))
def test_the_pool_chooses_the_first_scale(seed: int) -> None:
    signals, is_known = undecided(seed)
    query = asked(CLIPNPurity(embeddings=None), signals, LabeledSet(60, 3))
    passed = np.sort(query.steps[0].seen[purity(query) > 0.5])
    assert passed.tolist() == np.flatnonzero(is_known).tolist()
    assert query.diagnostics["scale"] > 9
    assert query.diagnostics["scale_untuned"] == "both kinds of answers are needed"


def test_at_the_given_scale_none_of_them_passes() -> None:
    query = asked(CLIPNPurity(embeddings=None, start="scale"), undecided()[0], LabeledSet(60, 3))
    assert (purity(query) <= 0.5).all()


def test_the_order_of_the_items_does_not_move_the_first_scale() -> None:
    signals, _ = undecided()
    shuffled = np.random.default_rng(0).permutation(60)
    other = {name: values[shuffled] for name, values in signals.items()}
    part = CLIPNPurity(embeddings=None)
    found = [asked(part, each, LabeledSet(60, 3)).diagnostics["scale"] for each in (signals, other)]
    assert found[0] == found[1]


@pytest.mark.parametrize("n", [1, 19])
def test_few_candidates_choose_no_scale(n: int) -> None:
    signals = {name: values[:n] for name, values in undecided()[0].items()}
    query = asked(CLIPNPurity(embeddings=None), signals, LabeledSet(n, 3))
    assert query.diagnostics["scale"] == 9


def test_equal_candidates_choose_no_scale() -> None:
    same = np.full((30, 2), 0.25)
    query = asked(
        CLIPNPurity(embeddings=None), {"yes_cosines": same, "no_cosines": same}, LabeledSet(30, 2)
    )
    assert query.diagnostics["scale"] == 9


@pytest.mark.parametrize(
    "scales", [[20, 40.0], (20.0, 40.0), np.array([20.0, 40]), torch.tensor([20, 40])]
)
def test_the_scales_that_are_tried_may_be_given(scales: Any) -> None:
    part = CLIPNPurity(embeddings=None, scales=scales)
    assert part.scales == (20.0, 40.0)
    assert part == CLIPNPurity(embeddings=None, scales=(20.0, 40.0))
    labeled = LabeledSet(60, 3)
    labeled.add([0, 59], [0, UNKNOWN])
    for given in (LabeledSet(60, 3), labeled):
        assert asked(part, undecided()[0], given).diagnostics["scale"] in (20.0, 40.0)


@pytest.mark.parametrize("scales", [[], [0.0, 1.0], [2.0, 1.0], "some", [float("nan")]])
def test_scales_that_do_not_ascend_are_refused_when_made(scales: Any) -> None:
    with pytest.raises(ArgumentError, match="scales must"):
        CLIPNPurity(scales=scales)


def test_above_one_half_is_where_known_evidence_prevails() -> None:
    one = np.array([[0.30], [0.20], [0.10]])
    labeled = LabeledSet(3, 1)
    found = purity(
        asked(CLIPNPurity(embeddings=None), {"yes_cosines": one, "no_cosines": one[::-1]}, labeled)
    )
    assert (found > 0.5).tolist() == [True, False, False]
    assert found[1] == 0.5


def test_visual_weighting_changes_what_is_taken_for_known() -> None:
    # The texts are undecided; items 0 and 1 look like the images of class 0 and like neither's.
    z = np.array([[1.0, 0, 0], [0.6, 0.6, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    yes, no = np.full((5, 2), 0.25), np.full((5, 2), 0.2)
    signals = {"yes_cosines": yes, "no_cosines": no, "embeddings": z}
    labeled = LabeledSet(5, 2)
    labeled.add([2, 3, 4], [0, 1, UNKNOWN])
    for embeddings, expected in ((None, [False, False]), ("embeddings", [True, False])):
        part = CLIPNPurity(tune=False, scale=9.0, embeddings=embeddings)
        found = purity(asked(part, signals, labeled)) > 0.5
        seen = np.array([visual(z, labeled, i) for i in (0, 1)]) if embeddings else None
        rows = evidence(yes[:2], no[:2], seen, 9.0)
        oracle = (rows[:, 0] > rows[:, 1]).tolist()
        assert found.tolist() == oracle == expected


def test_what_is_not_read_need_not_be_there() -> None:
    signals, labeled = world(0)
    z = signals.pop("embeddings")
    assert asked(CLIPNPurity(embeddings=None), signals, labeled).n_candidates == 24
    with pytest.raises(MissingSignalError, match="reads 'embeddings'"):
        asked(CLIPNPurity(), signals, labeled)
    renamed = {"a": signals["yes_cosines"], "b": signals["no_cosines"], "c": z}
    found = asked(CLIPNPurity(yes="a", no="b", embeddings="c"), renamed, labeled)
    assert (
        found.indices.tolist()
        == asked(CLIPNPurity(), {**signals, "embeddings": z}, labeled).indices.tolist()
    )


@pytest.mark.parametrize("scale", [0, -1, float("nan"), "9"])
def test_scales_that_cannot_be_are_refused_when_made(scale: Any) -> None:
    with pytest.raises(ArgumentError, match="scale must be"):
        CLIPNPurity(scale=scale)


@pytest.mark.parametrize("options", [{"rule": "most"}, {"tie_break": "last"}])
def test_unknown_options_are_refused(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        asked(CLIPNPurity(**options), *world(0))
