"""How far a project is: counts by hand, a curve on unseen answers, and the advice to stop."""

from pathlib import Path

import numpy as np
import pytest

from openal import LabeledSet, Pool
from openal.project import Project, project_status, stop_advice
from openal.project._curve import Accuracy, learning_curve
from tests.project.made import answer, embedded_project, truth


class Asked:
    """A query of some items."""

    def __init__(self, indices: list[int]) -> None:
        self.indices = indices


def rounds(*labels: list[int], classes: int = 2) -> LabeledSet:
    """A labeled set with a round for each list of answers."""
    labeled, first = LabeledSet(1000, classes), 0
    for answers in labels:
        indices = list(range(first, first + len(answers)))
        labeled.begin_round(Asked(indices))
        labeled.add(indices, answers)
        first += len(answers)
    return labeled


def test_it_counts_what_was_answered(tmp_path: Path) -> None:
    project = embedded_project(tmp_path)
    project.labeled().add([0, 1], [0, -1])
    project.query(budget=60, seed=0)
    answer(project, 50)
    status = project_status(project)
    first, second = status.rounds
    assert (first.known, first.unknown, first.begun, first.wasted) == (1, 1, False, 0.5)
    assert second.known + second.unknown == 50 and second.begun
    assert (status.images, status.pending, status.left) == (120, 10, 68)
    assert sum(status.counts.values()) == 52
    assert status.advice == "Go on: three rounds are needed to judge by, and there are 1."


def test_the_share_that_is_left_is_near_the_truth(tmp_path: Path) -> None:
    project = embedded_project(tmp_path)
    project.query(budget=70, seed=0)
    answer(project)
    left = project.labeled().unlabeled_indices
    true = np.mean([truth(project.names[index]) != "UNKNOWN" for index in left])
    assert project_status(project).known_left == pytest.approx(true, abs=0.12)


def test_before_there_are_answers_of_both_kinds_nothing_is_estimated(tmp_path: Path) -> None:
    status = project_status(embedded_project(tmp_path))
    assert (status.known_left, status.curve, status.rounds) == (None, (), ())


def two_heaps(count: int, *, apart: float, width: int = 4) -> tuple[Pool, np.ndarray]:
    generator, labels = np.random.default_rng(0), np.arange(count) % 2
    z = generator.normal(size=(count, width))
    z[:, 0] += apart * labels
    return Pool(embeddings=z), labels


def test_the_curve_is_one_where_classes_lie_apart_and_one_half_where_they_do_not() -> None:
    """In 300 dimensions a classifier knows by heart whatever it was shown."""
    for apart, low, high in ((60.0, 1.0, 1.0), (0.0, 0.3, 0.7)):
        pool, labels = two_heaps(200, apart=apart, width=300)
        labeled = LabeledSet(200, 2)
        labeled.add(range(100), labels[:100])
        (point,) = learning_curve(pool, labeled)
        assert (point.answers, point.tested) == (100, 100)
        assert low <= point.accuracy <= high


def test_every_point_is_tested_on_the_same_answers() -> None:
    pool, labels = two_heaps(200, apart=2.0)
    labeled = LabeledSet(200, 2)
    for at in range(0, 80, 20):
        labeled.begin_round(Asked(list(range(at, at + 20))))
        labeled.add(range(at, at + 20), labels[at : at + 20])
    curve = learning_curve(pool, labeled)
    assert [point.answers for point in curve] == [20, 40, 60, 80]
    assert {point.tested for point in curve} == {80}
    assert learning_curve(pool, labeled, last_only=True) == curve[-1:]


def test_of_many_rounds_some_are_shown_and_always_the_last_three() -> None:
    pool, labels = two_heaps(300, apart=2.0)
    labeled = LabeledSet(300, 2)
    for at in range(0, 240, 12):
        labeled.begin_round(Asked(list(range(at, at + 12))))
        labeled.add(range(at, at + 12), labels[at : at + 12])
    sizes = [point.answers for point in learning_curve(pool, labeled)]
    assert sizes[0] == 12 and sizes[-3:] == [216, 228, 240]
    assert len(sizes) == 8


def test_an_accuracy_knows_its_standard_error() -> None:
    assert Accuracy(50, 0.8, 100).error == pytest.approx(0.04)


FULL = [0, 1, 0, 1]
ADVICE = [
    (rounds(FULL), [], "Go on: three rounds are needed"),
    (rounds(FULL, *[[-1] * 60] * 3), [], "Stop: less than 10%"),
    (rounds(*[[0, 0, 0]] * 3), [], "Go on: no answer names '1' yet"),
    (rounds(*[FULL] * 3), [], "Go on: answers still find your classes"),
    (rounds(*[FULL] * 5), [0.5, 0.8, 0.8, 0.79, 0.81], "You may stop: three rounds"),
    (rounds(*[FULL] * 5), [0.5, 0.6, 0.7, 0.8, 0.9], "Go on: answers still find your classes"),
]


@pytest.mark.parametrize("labeled, values, advice", ADVICE, ids=[advice for _, _, advice in ADVICE])
def test_the_advice(labeled: LabeledSet, values: list[float], advice: str) -> None:
    curve = [Accuracy(10 * at, value, 400) for at, value in enumerate(values)]
    assert stop_advice(labeled, curve).startswith(advice)


def test_a_status_changes_nothing(tmp_path: Path) -> None:
    project = embedded_project(tmp_path)
    project.query(seed=0)
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    project_status(Project.find(project.folder))
    assert before == {p: p.read_bytes() for p in project.folder.rglob("*") if p.is_file()}
