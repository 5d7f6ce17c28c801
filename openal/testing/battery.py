"""The battery: every check in turn, and a failure in one sentence."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from openal._threads import one_thread
from openal.query import QueryStrategy
from openal.testing import (
    _query_checks,
    _repeat_checks,
    _signal_checks,
    _state_checks,
    _value_checks,
)
from openal.testing._isolated import isolated_rng
from openal.testing._world import MakeWorld, World, world

__all__ = ["CHECKS", "check_strategy"]

SEED = 1_480_912_731
"""Of the global generators during a check: one that no strategy sets, and that is put back."""

CHECKS: tuple[Callable[[QueryStrategy, MakeWorld], None], ...] = (
    _query_checks.is_a_strategy,
    _query_checks.counts_exactly,
    _repeat_checks.repeats_itself_under_a_seed,
    _query_checks.keeps_to_the_candidates,
    _query_checks.puts_the_best_first,
    _query_checks.keeps_the_order_among_equals,
    _query_checks.describes_its_query,
    _repeat_checks.leaves_global_randomness_alone,
    _repeat_checks.ignores_the_order_of_candidates,
    _repeat_checks.follows_renamed_items,
    _repeat_checks.ignores_block_sizes,
    _value_checks.pickles,
    _value_checks.shows_how_to_make_it,
    _state_checks.changes_nothing,
    _state_checks.leaves_the_model_as_it_was,
    _signal_checks.needs_nothing_else,
    _signal_checks.misses_each_signal,
    _signal_checks.reads_all_that_it_declares,
    _signal_checks.reads_tensors_and_views,
    _signal_checks.reads_half_precision,
    _signal_checks.reads_memory_maps,
    _state_checks.works_in_hard_times,
    _state_checks.learns_in_hard_times,
    _query_checks.refuses_wrong_budgets,
    _query_checks.refuses_wrong_candidates,
    _query_checks.refuses_another_size,
    _query_checks.stops_at_a_bad_number,
    _signal_checks.learns_what_is_not_offered,
    _repeat_checks.runs_in_another_process,
)
"""What every strategy must pass; each takes the strategy and a maker of worlds."""


def check_strategy(
    strategy: QueryStrategy, *, signals: Callable[[World], Mapping[str, Any]] | None = None
) -> None:
    """Puts a strategy to every test that ours must pass; raises an AssertionError at the first.

    The message names the check and says what was seen. The worlds it asks about are small and
    offer every standard signal; for others, `signals` makes arrays by name, each with a row per
    item of the world it is given. What a strategy maps also runs in a second process, which
    starts once: call this from a test, or from a script under `if __name__ == "__main__":`.

    >>> from openal.strategies import NEAT
    >>> check_strategy(NEAT)
    Traceback (most recent call last):
    ...
    AssertionError: <class 'openal.strategies.neat.NEAT'> fails "is a strategy": it is a class
    """
    make = partial(world, signals=signals)
    for check in CHECKS:
        try:
            with one_thread(), isolated_rng(SEED):
                check(strategy, make)
        except Exception as error:
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            name = check.__name__.replace("_", " ")
            raise AssertionError(f'{strategy!r} fails "{name}": {kind}{error}') from error
