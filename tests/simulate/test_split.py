"""The counts of CLIPNAL's table 1, and what must hold for every split."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openal import UNKNOWN
from openal.errors import ArgumentError
from openal.simulate import OpenSetSplit, known_classes, openset_split
from tests.walking import walked

CIFAR10 = np.repeat(np.arange(10), 5000)
CIFAR100 = np.repeat(np.arange(100), 500)
SMALL = np.tile(np.arange(5), 40)


TABLE_1 = {  # unknown items beside 10,000, 15,000 and 20,000 known ones; first answers of both
    0.1: ((1111, 1667, 2222), (450, 50)),
    0.2: ((2500, 3750, 5000), (400, 100)),
    0.4: ((6667, 10000, 13333), (300, 200)),
    0.6: ((15000, 22500, 30000), (200, 300)),
}


@pytest.mark.long
@walked
@pytest.mark.parametrize("labels", [CIFAR10, CIFAR100], ids=["cifar10", "cifar100"])
@pytest.mark.parametrize("ratio", TABLE_1)
@pytest.mark.parametrize("seed", range(5))
def test_the_counts_of_table_1(labels: np.ndarray, ratio: float, seed: int) -> None:
    counts, answers = TABLE_1[ratio]
    sizes = (10000, 15000, 20000)
    for mismatch, known, unknown in zip((0.2, 0.3, 0.4), sizes, counts, strict=True):
        split = openset_split(labels, mismatch=mismatch, ood_ratio=ratio, first=500, seed=seed)
        first = split.truth[split.first]
        assert ((split.truth >= 0).sum(), (split.truth < 0).sum()) == (known, unknown)
        assert ((first >= 0).sum(), (first < 0).sum()) == answers
        assert split.known == known_classes(labels[-1] + 1, mismatch, seed)
        assert np.ptp(np.bincount(first[first >= 0])) <= 1  # classes of one size: alike in number


@pytest.mark.parametrize("first, ratio", [(1000, 0.8), (700, 0.3)])
def test_no_first_answer_is_lost_to_rounding(first: int, ratio: float) -> None:
    split = openset_split(CIFAR10, mismatch=0.1, ood_ratio=ratio, first=first, seed=0)
    assert len(split.first) == first


@pytest.mark.parametrize("protocol", ["clipnal", "known", "random"])
def test_a_cold_start_has_no_first_answers_and_the_same_pool(protocol: Any) -> None:
    cold, warm = (
        openset_split(SMALL, protocol=protocol, known=[0, 1], ood_ratio=0.4, first=first, seed=0)
        for first in (0, 8)
    )
    assert cold.first.tolist() == []
    assert cold.pool.tolist() == warm.pool.tolist()


def test_first_answers_of_known_classes_only_are_balanced() -> None:
    split = openset_split(CIFAR10, protocol="known", mismatch=0.2, first=101, seed=1)
    assert np.bincount(split.truth[split.first]).tolist() in ([51, 50], [50, 51])
    assert (split.truth == UNKNOWN).sum() == 40000


def test_random_first_answers_have_the_share_of_the_pool() -> None:
    split = openset_split(CIFAR10, protocol="random", ood_ratio=0.6, first=5000, seed=1)
    assert (split.truth[split.first] < 0).mean() == pytest.approx(0.6, abs=0.03)


def test_classes_by_name_are_labeled_in_the_given_order() -> None:
    split = openset_split(SMALL, known=["d", "a"], names="abcde", first=4, seed=0)
    assert (split.known, split.classes) == ((3, 0), ("d", "a"))
    assert set(SMALL[split.pool[split.truth == 0]]) == {3}


SPLITS = st.builds(
    openset_split,
    st.just(SMALL),
    mismatch=st.sampled_from([0.2, 0.4, 0.6]),
    ood_ratio=st.sampled_from([None, 0.0, 0.2, 0.37]),
    protocol=st.sampled_from(["clipnal", "known", "random"]),
    first=st.integers(10, 20),
    test_share=st.sampled_from([0.0, 0.25]),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=40)
@given(SPLITS)
def test_what_holds_for_every_split(split: OpenSetSplit) -> None:
    assert (np.diff(split.pool) > 0).all()
    assert not np.isin(split.test, split.pool).any()
    assert len(np.unique(split.first)) == len(split.first)
    np.testing.assert_array_equal(split.truth, split.relabel(SMALL[split.pool]))
    assert (split.relabel(SMALL[split.test]) >= 0).all()
    known = np.isin(SMALL, split.known).sum()
    assert (split.truth >= 0).sum() + len(split.test) == known


@pytest.mark.parametrize("protocol", ["clipnal", "known", "random"])
def test_the_same_seed_splits_alike_and_another_does_not(protocol: Any) -> None:
    def split(seed: int) -> bytes:
        made = openset_split(
            SMALL, known=[0, 1], ood_ratio=0.4, protocol=protocol, first=9, seed=seed
        )
        return made.pool.tobytes() + made.first.tobytes()

    assert split(3) == split(3) != split(4)


def test_more_unknown_items_than_there_are() -> None:
    with pytest.raises(ArgumentError, match=r"needs 37500 unknown.* 25000, enough for 0\.5"):
        openset_split(CIFAR10, mismatch=0.5, ood_ratio=0.6, first=500, seed=0)


@walked
@pytest.mark.parametrize(
    "argument, value",
    [
        ("ood_ratio", 1.0),
        ("ood_ratio", -0.1),
        ("ood_ratio", float("nan")),
        ("protocol", "openal"),
        ("first", -1),
        ("first", 1000),
        ("first", 2),
        ("seed", -1),
        ("seed", 2**32),
        ("test_share", 1.0),
        ("test_share", float("nan")),
        ("labels", [0, 1, -1]),
        ("labels", [0.5]),
        ("known", [7]),
    ],
)
def test_what_cannot_be_is_refused(argument: str, value: Any) -> None:
    arguments = {"labels": SMALL, "first": 20, "seed": 0, argument: value}
    with pytest.raises(ArgumentError, match=argument):
        openset_split(arguments.pop("labels"), **arguments)


def test_a_known_class_without_items_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'c' has no items"):
        openset_split([0, 1, 0, 1], known=["c"], names=["a", "b", "c"], first=1, seed=0)


@pytest.mark.parametrize("protocol", ["known", "random"])
def test_more_first_answers_than_items(protocol: Any) -> None:
    with pytest.raises(ArgumentError, match="first takes"):
        openset_split(SMALL, protocol=protocol, first=1000, seed=0)


def test_known_items_are_thinned_where_unknown_ones_are_few() -> None:
    labels = np.repeat(np.arange(5), (40, 20, 30, 30, 30))
    given = {"known": range(2), "first": 4, "seed": 0, "ood_ratio": 0.9, "protocol": "known"}
    with pytest.raises(ArgumentError, match="With thin=True"):
        openset_split(labels, **given)  # type: ignore[arg-type]
    split = openset_split(labels, **given, thin=True)  # type: ignore[arg-type]
    assert split.ood_ratio == 0.9
    assert np.bincount(split.truth[split.truth >= 0]).tolist() == [7, 3]  # 2 : 1, in proportion


def test_nothing_is_thinned_where_there_is_no_need() -> None:
    plain, thin = (
        openset_split(CIFAR10, ood_ratio=0.2, first=50, seed=3, thin=thin) for thin in (False, True)
    )
    np.testing.assert_array_equal(plain.pool, thin.pool)
    np.testing.assert_array_equal(plain.first, thin.first)


@walked
@pytest.mark.parametrize("ratio", [0.35, 0.5, 0.7, 0.8, 0.9, 0.95])
def test_a_thinned_pool_has_the_share_that_was_asked_for(ratio: float) -> None:
    labels = np.repeat(np.arange(5), 200)
    given = {"known": range(4), "first": 4, "protocol": "known", "ood_ratio": ratio}
    split = openset_split(labels, seed=1, thin=True, **given)  # type: ignore[arg-type]
    assert split.ood_ratio == pytest.approx(ratio, abs=0.01)
    assert np.ptp(np.bincount(split.truth[split.truth >= 0])) <= 1


def test_each_class_keeps_an_item() -> None:
    labels = np.repeat(np.arange(5), (2, 50, 50, 50, 30))
    given = {"known": range(4), "first": 4, "protocol": "known", "seed": 0, "thin": True}
    split = openset_split(labels, ood_ratio=0.85, **given)  # type: ignore[arg-type]
    assert np.bincount(split.truth[split.truth >= 0]).min() == 1
    with pytest.raises(ArgumentError, match="each of 4 classes must keep one"):
        openset_split(labels, ood_ratio=0.95, **given)  # type: ignore[arg-type]
