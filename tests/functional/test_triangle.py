"""Strips of a triangle hold every pair."""

import pytest

from openal.functional._rows import strips
from tests.walking import walked


@walked
@pytest.mark.parametrize("n", [0, 1, 7, 8, 100, 1000])
@pytest.mark.parametrize("elements", [1, 3000, 10**9])
def test_strips_follow_each_other(n: int, elements: int) -> None:
    runs = list(strips(n, elements=elements, multiple=8))
    assert [row for run in runs for row in range(n)[run]] == list(range(n))
    assert all((run.stop - run.start) % 8 == 0 for run in runs[:-1])


def test_strips_grow_as_what_is_left_falls() -> None:
    sizes = [run.stop - run.start for run in strips(10_000, elements=10**6, multiple=1)]
    assert sizes[:2] == [100, 101]
    assert max(sizes) == 10_000 // 16
