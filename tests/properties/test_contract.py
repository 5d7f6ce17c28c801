"""In any small world every strategy keeps the contract: so many, each once, best first, again."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openal.query import QueryStrategy
from openal.testing import _query_checks as counting
from openal.testing import _state_checks as untouched
from openal.testing._repeat_checks import expect_randomness_alone
from openal.testing._world import ask, expect, expect_same, expect_sound
from tests.properties.asked import NAMES, with_options
from tests.properties.plans import Plan, percent, plans


@pytest.mark.parametrize("name", NAMES)
@percent(10)
@given(data=st.data(), plan=plans(), budget=st.integers(1, 45), seed=st.integers(0, 9))
def test_exactly_as_many_as_asked_for_and_the_same_again(
    name: str, data: st.DataObject, plan: Plan, budget: int, seed: int
) -> None:
    strategy = data.draw(with_options(name))
    world, candidates = plan.world(), data.draw(some_indices(len(plan)))
    options: dict[str, Any] = {"candidates": candidates, "seed": seed}
    with expect_randomness_alone("a query"):
        query = ask(strategy, world, budget, **options)
    expect_sound(query, world, budget, candidates)
    for step in query.steps:
        finite = step.scores is None or bool(step.scores.isfinite().all())
        expect(finite, f"{step.stage!r} scores {step.scores}")
    expect(query.scores is None or bool(query.scores.isfinite().all()), f"{query.scores}")
    expect_same(query, ask(strategy, plan.world(), budget, **options), "asking again")


def some_indices(size: int) -> st.SearchStrategy[np.ndarray | None]:
    """Candidates: all, or some in any order."""
    some = st.lists(st.integers(0, size - 1), min_size=1, max_size=size, unique=True)
    return st.none() | some.map(np.array)


CHECKS = (
    counting.puts_the_best_first,
    counting.keeps_the_order_among_equals,
    counting.describes_its_query,
    untouched.changes_nothing,
)


@pytest.mark.parametrize("name", NAMES)
@percent(6)
@given(data=st.data(), plan=plans())
def test_the_battery_holds(name: str, data: st.DataObject, plan: Plan) -> None:
    strategy: QueryStrategy = data.draw(with_options(name))
    for check in CHECKS:
        check(strategy, plan.world)
