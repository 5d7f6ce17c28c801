"""The headline: the best AUBC, the fewest wasted answers, and how much was run."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from openal.report._results import ConditionRuns, Results
from openal.report._statistics import percent
from openal.report._svg import element, text
from openal.report._tables import aubc_spreads
from openal.simulate.bounds import BASELINE, BOUNDS

__all__ = ["headline", "overview"]

FEW = 3
"""Fewer seeds cannot tell the best from the lucky."""


def headline(results: Results) -> str:
    """The best AUBC and the least wasted, as two cards, and a warning where seeds are few."""
    accuracies = [
        {name: value.mean for name, value in column.items() if name not in BOUNDS}
        for column in aubc_spreads(results.conditions)
    ]
    wastes = [_wasted(condition) for condition in results.conditions]
    cards = [
        _card("Best AUBC", accuracies, 1, lambda value: f"{percent(value)}%"),
        _card("Least wasted", wastes, -1, _answers),
    ]
    return element("div", *cards, class_="cards") + _warning(results)


def overview(results: Results) -> str:
    """How much was run."""
    seeds = [len(by_seed) for c in results.conditions for by_seed in c.runs.values()]
    count = f"{min(seeds)}" if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    parts = [
        _many(len(results.strategies), "strategy", "strategies"),
        f"{count} {'seed' if max(seeds) == 1 else 'seeds'} each",
        _many(len(results.conditions), "condition", "conditions"),
        _many(sum(seeds), "run", "runs"),
    ]
    return " · ".join(parts)


def _card(
    title: str, columns: Sequence[Mapping[str, float]], sign: int, show: Callable[[float], str]
) -> str:
    winners = [_best(column, sign) for column in columns]
    (name, wins), *others = Counter(winner for tied in winners for winner in tied).most_common()
    if len(columns) == 1:
        detail = _beside(columns[0], name, show)
    else:
        detail = f"in {wins} of {len(columns)} conditions"
    if others:
        detail += f"; also {', '.join(f'{other} ({count})' for other, count in others)}"
    return element(
        "div",
        element("p", title, class_="what"),
        element("p", text(name), class_="who"),
        element("p", text(detail), class_="more"),
        class_="card",
    )


def _best(column: Mapping[str, float], sign: int) -> list[str]:
    """All that share the best mean."""
    top = max(sign * value for value in column.values())
    return [name for name, value in column.items() if sign * value == top]


def _beside(column: Mapping[str, float], name: str, show: Callable[[float], str]) -> str:
    """The value, and the baseline's."""
    beside = (
        f"; {BASELINE}: {show(column[BASELINE])}" if BASELINE in column and name != BASELINE else ""
    )
    return f"{show(column[name])}{beside}"


def _answers(count: float) -> str:
    return f"{_many(round(count), 'answer', 'answers')} on unknown items"


def _wasted(condition: ConditionRuns) -> dict[str, float]:
    return {
        name: fmean(run.wasted[-1] for run in by_seed.values())
        for name, by_seed in condition.runs.items()
        if name not in BOUNDS
    }


def _warning(results: Results) -> str:
    fewest = min(len(by_seed) for c in results.conditions for by_seed in c.runs.values())
    if fewest >= FEW:
        return ""
    count = "One seed" if fewest == 1 else f"{fewest} seeds"
    return element("p", f"{count} cannot tell the best from the lucky.", class_="warning")


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
