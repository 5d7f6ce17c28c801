"""The class lists of the public OpenAL framework, seed by seed."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.simulate.classes import class_names, closest, known_classes, named_classes
from tests.walking import walked

NAMES = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR10 = NAMES.split()
CIFAR10_KNOWN = [
    "bird ship deer truck",
    "bird truck frog deer",
    "deer automobile dog airplane",
    "dog deer automobile bird",
    "cat ship deer truck",
]
CIFAR100_KNOWN = [
    "26 86 2 55 75 93 16 73 54 95 53 92 78 13 7 30 22 24 33 8 43 62 3 71 45 48 6 99 82 76 60 80 90 "
    "68 51 27 18 56 63 74",
    "80 84 33 81 93 17 36 82 69 65 92 39 56 52 51 32 31 44 78 10 2 73 97 62 19 35 94 27 46 38 67 "
    "99 54 95 88 40 48 59 23 34",
    "83 30 56 24 16 23 2 27 28 13 99 92 76 14 0 21 3 29 61 79 35 11 84 44 73 5 25 77 74 62 65 1 18 "
    "48 36 78 6 89 91 10",
    "93 67 6 64 96 83 98 42 25 15 77 9 71 97 34 75 82 23 59 45 73 12 8 4 79 86 17 65 47 50 30 5 13 "
    "31 88 11 58 85 32 40",
    "20 10 96 16 63 24 53 97 41 47 43 2 95 26 13 37 14 29 35 54 80 4 81 76 85 60 5 70 71 19 65 "
    "62 27 75 61 78 18 88 7 39",
]


@walked
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_known_classes_of_cifar10(seed: int, count: int) -> None:
    known = known_classes(10, count / 10, seed)
    assert [CIFAR10[k] for k in known] == CIFAR10_KNOWN[seed].split()[:count]


@walked
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [20, 30, 40])
def test_the_known_classes_of_cifar100(seed: int, count: int) -> None:
    known = known_classes(100, count / 100, seed)
    assert known == tuple(map(int, CIFAR100_KNOWN[seed].split()[:count]))


@pytest.mark.parametrize("mismatch, count", [(0.29, 29), (0.57, 57), (1.0, 100)])
def test_a_share_is_rounded_not_truncated(mismatch: float, count: int) -> None:
    assert len(known_classes(100, mismatch, 0)) == count


@pytest.mark.parametrize("mismatch", [0, -0.1, 0.04, 1.2, float("nan"), True, "0.4"])
def test_a_share_that_makes_no_class_is_refused(mismatch: Any) -> None:
    with pytest.raises(ArgumentError, match="mismatch"):
        known_classes(10, mismatch, 0)


def test_the_choice_leaves_the_global_generator_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    known_classes(10, 0.4, 3)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_classes_by_name_and_by_id_keep_their_order() -> None:
    assert named_classes(["truck", 0, np.int64(3)], CIFAR10) == (9, 0, 3)


@pytest.mark.parametrize("known", [[], ["cat", 3], ["cow"], [10], [-1], [True], [1.0]])
def test_wrong_classes_are_refused(known: list[Any]) -> None:
    with pytest.raises(ArgumentError):
        named_classes(known, CIFAR10)


@pytest.mark.parametrize("labels", [[], [-1, 0], [0, 3]])
def test_labels_must_have_names(labels: list[int]) -> None:
    with pytest.raises(ArgumentError):
        class_names(["a", "b"], np.array(labels, np.int64))


def test_a_typing_error_is_recognized() -> None:
    assert closest("NEET", ["Random", "NEAT"]) == "; did you mean NEAT?"
    assert closest("lfosa", ["Random", "LfOSA"]) == "; did you mean LfOSA?"
    assert closest("x", [str(k) for k in range(90)]).endswith("18, 19 and 70 more.")
    assert closest("x", ["\x1b[2J"]) == "; there are '\\x1b[2J'."
    assert closest("xyz", ["Random", "NEAT"]) == "; there are Random, NEAT."
