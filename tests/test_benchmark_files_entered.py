"""The count of what one query enters: functions of ours, each call once."""

from pathlib import Path

import pytest

from benchmarks.files_entered import PACKAGE, Count, counted, query, told
from openal import LabeledSet
from openal.strategies import NEAT


def files(count: Count) -> set[str]:
    return {Path(file).name for file in count.calls}


def test_the_files_of_a_query_are_those_that_it_runs() -> None:
    entered = files(query(NEAT()))
    assert {"query.py", "pool.py", "view.py", "known_neighbors.py", "inconsistency.py"} <= entered
    assert not {"lfosa.py", "test_benchmark_files_entered.py"} & entered


def test_calls_are_counted_once_and_only_inside_the_block() -> None:
    labeled = LabeledSet(3, 2)
    with counted() as count:
        assert len(labeled) == 0
    before = count.calls.total()
    assert len(labeled) == 0
    assert count.calls.total() == before >= 1


def test_a_query_calls_about_as_often_every_time() -> None:
    query(NEAT())
    first, second = (query(NEAT()).calls.total() for _ in range(2))
    assert first == second


def test_the_bodies_of_classes_and_modules_are_not_counted() -> None:
    source = "class A:\n    x = 1\ndef f(): pass\nf()\n"
    with counted() as count:
        exec(compile(source, str(Path(PACKAGE) / "made_up.py"), "exec"), {})  # noqa: S102 - ours
    assert [*count.calls.values()] == [1]


@pytest.mark.parametrize("names", [False, True])
def test_a_line_holds_files_and_calls(names: bool) -> None:
    count = query(NEAT())
    lines = told("NEAT", count, names).splitlines()
    assert lines[0].split() == ["NEAT", str(len(count.calls)), str(count.calls.total())]
    assert len(lines) == 1 + names * len(count.calls)
