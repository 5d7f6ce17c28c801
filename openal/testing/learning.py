"""A strategy that brings learners also works where its signals must be learned first."""

from openal.query import QueryStrategy
from openal.testing.asking import ask, expect_same, expect_sound
from openal.testing.declaring import declared, learned_from
from openal.testing.repeating import expect_randomness_alone
from openal.testing.worlds import MakeWorld

__all__ = ["learns_what_is_not_offered"]


def learns_what_is_not_offered(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Without the signals it can learn: the exact count, the same query again, nothing moved."""
    world = make()
    raw = {*world.signals} - {*declared(strategy, world)} | {"embeddings"}
    learned = {name for name in declared(strategy, world) if learned_from(strategy, name, raw)}
    if not learned:
        return
    poor = world.offering({k: v for k, v in world.signals.items() if k not in learned})
    with expect_randomness_alone(f"learning {sorted(learned)}"):
        query = ask(strategy, poor)
    expect_sound(query, poor, 6)
    expect_same(query, ask(strategy, poor), f"learning {sorted(learned)} again")
