"""How a pool is stored, cut, ordered and shared out changes nothing in what is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from openal.functional import _references as references
from openal.functional import _rows as rows
from openal.query import Query, QueryStrategy
from openal.testing import _repeat_checks as elsewhere
from openal.testing import _signal_checks as storing
from openal.testing._world import World, ask, expect_same
from openal.view import Blocks
from tests.properties.asked import NAMES, with_options
from tests.properties.close import close
from tests.properties.plans import FLAWS, Plan, percent, plans


def in_blocks(size: int) -> Callable[[QueryStrategy, World], Query]:
    return lambda strategy, world: strategy.query(
        world.pool.with_engine(Blocks(size)), world.labeled, 6, seed=0, progress=False
    )


def with_candidates_backwards(strategy: QueryStrategy, world: World) -> Query:
    return ask(strategy, world, candidates=np.arange(len(world))[::-1])


def with_candidates_shuffled(strategy: QueryStrategy, world: World) -> Query:
    return ask(strategy, world, candidates=np.random.default_rng(0).permutation(len(world)))


def on_three_threads(strategy: QueryStrategy, world: World) -> Query:
    """Real ones: what is cut at all is cut into parts of a few rows."""
    with threads(3), patch.object(rows, "BLOCK_ELEMENTS", 64):
        return ask(strategy, world)


def in_small_products(strategy: QueryStrategy, world: World) -> Query:
    small = patch.object(references, "PRODUCT_BYTES", 1), patch.object(rows, "PIECE_ELEMENTS", 7)
    with small[0], small[1]:
        return ask(strategy, world)


def offering_tensors(strategy: QueryStrategy, world: World) -> Query:
    return ask(strategy, world.offering({k: torch.tensor(v) for k, v in world.signals.items()}))


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


FORMS: dict[str, Callable[[QueryStrategy, World], Query]] = {
    "blocks of one row": in_blocks(1),
    "blocks of seven rows": in_blocks(7),
    "candidates backwards": with_candidates_backwards,
    "candidates shuffled": with_candidates_shuffled,
    "three threads": on_three_threads,
    "products of a few rows": in_small_products,
    "tensors": offering_tensors,
}


@pytest.mark.parametrize("name", NAMES)
@percent(6)
@given(data=st.data(), plan=plans())
def test_the_form_changes_nothing(name: str, data: st.DataObject, plan: Plan) -> None:
    strategy, world = data.draw(with_options(name)), plan.world()
    query = ask(strategy, world)
    for form, asked in FORMS.items():
        expect_same(query, asked(strategy, plan.world()), form)


@pytest.mark.parametrize("name", NAMES)
@percent(3)
@given(data=st.data(), plan=plans())
def test_memory_maps_and_another_process_change_nothing(
    name: str, data: st.DataObject, plan: Plan
) -> None:
    strategy = data.draw(with_options(name))
    storing.reads_memory_maps(strategy, plan.world)
    storing.reads_tensors_and_views(strategy, plan.world)
    elsewhere.runs_in_another_process(strategy, plan.world)


@pytest.mark.parametrize("name", NAMES)
@percent(6)
@given(data=st.data(), plan=plans(calm=True))
def test_half_precision_is_the_same_in_single(name: str, data: st.DataObject, plan: Plan) -> None:
    storing.reads_half_precision(data.draw(with_options(name)), plan.world)


SMOOTH = tuple(flaw for flaw in FLAWS if flaw != "an outlier")

CLUSTERED = {"AlphaMix", "TypiClust"}
"""They choose within clusters of k-means: the two items of a pair are equally far from its center,
but for the rounding of the one precision or the other."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CLUSTERED])
@percent(6)
@given(data=st.data(), plan=plans(calm=True, flaws=SMOOTH))
def test_double_precision_is_the_same_where_nothing_is_close(
    name: str, data: st.DataObject, plan: Plan
) -> None:
    strategy, world = data.draw(with_options(name)), plan.world()
    double = world.offering({k: v.astype(np.float64) for k, v in world.signals.items()})
    a, b = ask(strategy, world), ask(strategy, double)
    if close(a) or close(b):
        return
    expect_same(a, b, "double precision")
