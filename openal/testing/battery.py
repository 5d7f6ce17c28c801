"""The battery: every check in turn, and a failure in one sentence."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from openal.query import QueryStrategy
from openal.seeds import isolated_rng
from openal.testing import (
    counting,
    declaring,
    elsewhere,
    hard_times,
    learning,
    parts,
    refusing,
    repeating,
    storing,
    untouched,
)
from openal.testing.worlds import MakeWorld, World, world
from openal.threads import one_thread

__all__ = ["CHECKS", "check_strategy"]

SEED = 1_480_912_731
"""Of the global generators during a check: one that no strategy sets, and that is put back."""

CHECKS: tuple[Callable[[QueryStrategy, MakeWorld], None], ...] = (
    counting.is_a_strategy,
    counting.counts_exactly,
    repeating.repeats_itself_under_a_seed,
    counting.keeps_to_the_candidates,
    counting.puts_the_best_first,
    counting.keeps_the_order_among_equals,
    counting.describes_its_query,
    repeating.leaves_global_randomness_alone,
    repeating.ignores_the_order_of_candidates,
    repeating.follows_renamed_items,
    repeating.ignores_block_sizes,
    parts.pickles,
    parts.shows_how_to_make_it,
    untouched.changes_nothing,
    untouched.leaves_the_model_as_it_was,
    declaring.needs_nothing_else,
    declaring.misses_each_signal,
    declaring.reads_all_that_it_declares,
    storing.reads_tensors_and_views,
    storing.reads_half_precision,
    storing.reads_memory_maps,
    hard_times.works_in_hard_times,
    hard_times.learns_in_hard_times,
    refusing.refuses_wrong_budgets,
    refusing.refuses_wrong_candidates,
    refusing.refuses_another_size,
    refusing.stops_at_a_bad_number,
    learning.learns_what_is_not_offered,
    elsewhere.runs_in_another_process,
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
