"""What the words of `openal simulate` stand for."""

from collections.abc import Sequence, Set
from math import inf

from openal.checks import as_number
from openal.errors import ArgumentError
from openal.query import QueryStrategy
from openal.simulate.classes import closest
from openal.strategies import available

__all__ = ["known_names", "missing_signals", "ratios_of", "seeds_of", "strategies_of"]


def strategies_of(words: Sequence[str]) -> dict[str, QueryStrategy]:
    """The named strategies, each with its default arguments."""
    classes = available()
    strategies: dict[str, QueryStrategy] = {}
    names = _split(words)
    if not names:
        raise ArgumentError("--strategies must name at least one strategy.")
    for name in names:
        if name not in classes:
            raise ArgumentError(f"unknown strategy {name!r}{closest(name, [*classes])}")
        try:
            strategies[name] = classes[name]()
        except TypeError as error:
            raise ArgumentError(f"{name} cannot be built without arguments: {error}.") from error
    return strategies


def missing_signals(strategy: QueryStrategy, offered: Set[str]) -> list[str]:
    """The signals that a strategy reads and nobody offers, given "items" or embeddings."""
    learners = getattr(strategy, "learners", ())
    found = set(offered)
    for _ in learners:  # one may read what another offers
        found |= {each for one in learners if {*one.reads} <= found for each in one.offers}
    return sorted({*getattr(strategy, "reads", ())} - found)


def seeds_of(words: Sequence[str]) -> tuple[int, ...]:
    """One number: so many seeds from 0. Several, or one with a comma: these seeds."""
    seeds = _split(words)
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise ArgumentError(f"--seeds must be a number, or seeds such as 3,7, got {words}.")
    numbers = [int(seed) for seed in seeds]
    if len(numbers) == 1 and "," not in words[0]:
        numbers = list(range(numbers[0]))
    if len(set(numbers)) < max(1, len(numbers)):
        raise ArgumentError(f"--seeds must be at least one, and distinct, got {words}.")
    return tuple(numbers)


def ratios_of(words: Sequence[str], name: str, *, below: float = inf) -> tuple[float, ...]:
    """One share of at most 1 or several, such as 0.2,0.4; all of them `below` another one."""
    found = _split(words)
    try:
        ratios = tuple(float(word) for word in found)
    except ValueError as error:
        raise ArgumentError(f"{name} must be shares such as 0.2,0.4, got {words}.") from error
    if len(set(ratios)) < max(1, len(ratios)):
        raise ArgumentError(f"{name} must be at least one share, and distinct, got {words}.")
    return tuple(as_number(each, name, minimum=0, maximum=1, below=below) for each in ratios)


def known_names(words: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Class names, which may hold commas themselves, and lists of them."""
    lists = ([word] if word in names else word.split(",") for word in words)
    return tuple(name for each in lists for name in each if name)


def _split(words: Sequence[str]) -> list[str]:
    """Words and lists with commas as one list, each word once."""
    return list(dict.fromkeys(filter(None, ",".join(words).split(","))))
