"""KernelShare: what the function says of centered embeddings, for any blocks and orders."""

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.functional import fit_kernel, kernel_share
from openal.purity import DetectorProbability, KernelShare
from openal.testing import World, world
from openal.view import Blocks, View


def view_of(made: World, **options: object) -> View:
    pool = made.pool.with_engine(Blocks(**options)) if options else made.pool  # type: ignore[arg-type]
    return pool.view(made.labeled, reads=("embeddings", "detector_logits", "logits"))


def expected(made: World, centered: bool = True) -> list[float]:
    e = torch.from_numpy(made.signals["embeddings"]).double()
    skipped = [i for i, label in made.answers.items() if label < -1]
    if centered:
        e = e - e[np.setdiff1d(np.arange(len(e)), skipped)].mean(dim=0)
    answered = sorted({*made.answers} - {*skipped})
    known = torch.tensor([made.answers[i] >= 0 for i in answered])
    rows = made.labeled.unlabeled_indices
    return kernel_share(e[rows], e[answered], known).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_function_of_the_directions(seed: int, centered: bool) -> None:
    made = world(seed)
    found = KernelShare(centered=centered)(view_of(made)).tolist()
    assert found == pytest.approx(expected(made, centered), abs=1e-6)


def test_blocks_change_no_bit() -> None:
    made = world(0, size=3000)
    whole = KernelShare()(view_of(made))
    assert KernelShare()(view_of(made, rows=17)).equal(whole)


def test_it_tells_what_was_fitted() -> None:
    view = view_of(world(0))
    KernelShare(prior_weight=0.2)(view)
    assert view.notes["prior_weight"] == 0.2
    assert 0 < view.notes["width"] <= 0.3
    assert 0 < view.notes["known_where_answered"] < 1


def test_what_is_given_is_not_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openal.purity.kernel_share.fit_kernel", lambda *_: pytest.fail("fitted"))
    KernelShare(0.1, prior_weight=0.2)(view_of(world(0)))
    assert fit_kernel is not None


def test_it_is_computed_once_in_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    view, calls = view_of(world(0)), list[int]()
    map_ = View.map
    monkeypatch.setattr(View, "map", lambda *args: calls.append(1) or map_(*args))  # type: ignore[func-returns-value]
    first = KernelShare()(view)
    assert KernelShare()(view).equal(first)
    assert KernelShare()(view.at(torch.tensor([5, 2]))).equal(first[[5, 2]])
    assert len(calls) == 1


@pytest.mark.parametrize("options", [{"width": 0.0}, {"prior_weight": -1.0}])
def test_what_cannot_be_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(options))} must be .* above 0"):
        KernelShare(**options)  # type: ignore[arg-type]


# --- the detector's half


def test_the_probability_of_known_is_what_is_left_of_unknown() -> None:
    made = world(0)
    logits = made.signals["detector_logits"][made.labeled.unlabeled_indices].astype(float)
    odds = np.exp(logits)
    known = 1 - odds[:, -1] / odds.sum(axis=1)
    assert DetectorProbability()(view_of(made)).tolist() == pytest.approx(known.tolist())


@pytest.mark.parametrize("left", [(0, 1, 2), (-1,)])
def test_until_both_kinds_are_answered_another_score_stands_in(left: tuple[int, ...]) -> None:
    made = world(0)
    made = made.answered({i: label for i, label in made.answers.items() if label not in left})
    view = view_of(made)
    assert DetectorProbability(KernelShare())(view).equal(KernelShare()(view))
    assert DetectorProbability()(view).tolist() == pytest.approx([0.5] * len(view.pool))


# --- the mean that all parts of a query share


def test_the_mean_is_over_all_candidates_and_answers_also_after_a_stage() -> None:
    made = world(0)
    view = view_of(made)
    taking_part = np.setdiff1d(np.arange(60), [i for i, x in made.answers.items() if x < -1])
    expected = made.signals["embeddings"][taking_part].astype(float).mean(axis=0)
    assert view.at(torch.arange(3)).mean("embeddings").tolist() == pytest.approx(expected)
    assert view.mean("embeddings").tolist() == pytest.approx(expected)
