"""The headline: what was saved against Random, with its interval, and how much was run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from openal.report._results import ConditionRuns, Results
from openal.report._svg import element, text
from openal.simulate._differences import Difference, area, paired
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.loop import Run

__all__ = ["headline", "overview"]

FEW = 3
"""Fewer seeds cannot tell the best from the lucky."""


@dataclass(frozen=True)
class Claim:
    """What a run may gain over another at the same seed, and how a mean of it is told."""

    title: str
    gain: Callable[[Run, Run], float]
    unit: str
    scale: float = 1.0
    digits: int = 0

    def gains(self, condition: ConditionRuns, over: str) -> dict[str, Difference]:
        """The gain of each strategy over one of them, at the seeds of both."""
        theirs = condition.runs.get(over, {})
        found = {
            name: paired([self.gain(mine[seed], theirs[seed]) for seed in mine if seed in theirs])
            for name, mine in condition.runs.items()
            if name != over and name not in BOUNDS
        }
        return {name: value for name, value in found.items() if value is not None}

    def told(self, gain: Difference) -> str:
        """A gain with half its interval."""
        mean = f"{self.scale * gain.mean:.{self.digits}f}".replace("-", "−")
        if gain.interval is None:
            return mean
        half = self.scale * (gain.interval[1] - gain.interval[0]) / 2
        return f"{mean} ± {half:.{self.digits}f}"


def _more_area(mine: Run, theirs: Run) -> float:
    return area(mine) - area(theirs)


def _fewer_wasted(mine: Run, theirs: Run) -> float:
    return theirs.wasted[-1] - mine.wasted[-1]


def _answers_saved(mine: Run, theirs: Run) -> float:
    """How many answers fewer are enough for the accuracy with which `theirs` ends."""
    goal = theirs.accuracy[-1]
    return _answers_to(theirs, goal) - _answers_to(mine, goal)


def _answers_to(run: Run, accuracy: float) -> int:
    """The answers after which an accuracy is reached first; all of them where it never is."""
    spent = [0, *accumulate(map(len, run.asked))]
    reached = (at for at, value in zip(spent, run.accuracy, strict=True) if value >= accuracy)
    return next(reached, spent[-1])


CLAIMS = (
    Claim(
        f"More accuracy than {BASELINE}",
        lambda mine, theirs: area(mine) - area(theirs),
        "points of AUBC",
        100,
        1,
    ),
    Claim(
        f"Answers saved against {BASELINE}",
        _answers_saved,
        f"fewer answers to {BASELINE}'s final accuracy",
    ),
    Claim(
        f"Fewer wasted than {BASELINE}",
        lambda mine, theirs: theirs.wasted[-1] - mine.wasted[-1],
        "fewer answers on unknown items",
    ),
)


def headline(results: Results) -> str:
    """A card for each claim against Random, and a warning where seeds are few."""
    if not any(claim.gains(c, BASELINE) for claim in CLAIMS for c in results.conditions):
        return element("p", f"No gain can be told without {BASELINE} at the same seeds.")
    cards = [_card(claim, results.conditions) for claim in CLAIMS]
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


def _card(claim: Claim, conditions: Sequence[ConditionRuns]) -> str:
    who, detail = _one(claim, conditions[0]) if len(conditions) == 1 else _grid(claim, conditions)
    return element(
        "div",
        element("p", claim.title, class_="what"),
        element("p", text(who), class_="who"),
        element("p", text(detail), class_="more"),
        class_="card",
    )


def _one(claim: Claim, condition: ConditionRuns) -> tuple[str, str]:
    """The largest gain, if it is clear, and who cannot be told apart from it."""
    gains = claim.gains(condition, BASELINE)
    name = max(gains, key=lambda name: gains[name].mean)
    told = f"{claim.told(gains[name])} {claim.unit}"
    if gains[name].interval is not None and not _above(gains[name]):
        return "No clear gain", f"largest: {name}, {told}"
    behind = claim.gains(condition, name)
    level = [other for other in gains if other in behind and not behind[other].clear]
    return name, f"{told}{_not_apart(level)}"


def _grid(claim: Claim, conditions: Sequence[ConditionRuns]) -> tuple[str, str]:
    """Who is clearly above in most conditions, and in how many."""
    columns = [claim.gains(condition, BASELINE) for condition in conditions]
    names = dict.fromkeys(name for column in columns for name in column)
    wins = {name: sum(_above(c[name]) for c in columns if name in c) for name in names}
    most = max(wins.values())
    if most == 0:
        return "No clear gain", f"in none of {len(columns)} conditions"
    name, *others = [name for name in wins if wins[name] == most]
    losses = sum(_above(c[name], -1) for c in columns if name in c)
    detail = f"clearly more in {most} of {len(columns)} conditions, clearly less in {losses}"
    return name, detail + (f"; as often: {', '.join(others)}" if others else "")


def _above(gain: Difference, sign: int = 1) -> bool:
    return gain.clear and sign * gain.mean > 0


def _not_apart(names: Sequence[str]) -> str:
    return f"; not told apart from it: {', '.join(names)}" if names else ""


def _warning(results: Results) -> str:
    fewest = min(len(by_seed) for c in results.conditions for by_seed in c.runs.values())
    if fewest >= FEW:
        return ""
    count = "One seed" if fewest == 1 else f"{fewest} seeds"
    return element("p", f"{count} cannot tell the best from the lucky.", class_="warning")


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
