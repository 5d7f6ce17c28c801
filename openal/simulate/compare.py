"""Several strategies under the same conditions, over several seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from openal.errors import ArgumentError
from openal.learners import EmbeddingClassifier
from openal.pool import Learner
from openal.query import QueryStrategy
from openal.simulate.cells import Cells
from openal.simulate.data import LabeledData
from openal.simulate.loop import require_answers, simulate
from openal.simulate.oracle import Oracle
from openal.simulate.run import Run
from openal.simulate.split import OpenSetSplit, Protocol, openset_split

__all__ = ["Conditions", "Runs", "compare"]

Runs = Mapping[str, Mapping[int, Run]]
"""The run of each strategy, by name, at each seed."""


@dataclass(frozen=True)
class Conditions:
    """Everything but the strategy, the data and the seed: see `openset_split` and `simulate`."""

    first: int
    mismatch: float = 0.4
    known: tuple[int | str, ...] | None = None
    ood_ratio: float | None = None
    protocol: Protocol = "known"
    test_share: float = 0.25
    rounds: int = 10
    budget: int = 20
    noise: float = 0.0
    skip: float = 0.0
    task: Learner = field(default_factory=EmbeddingClassifier)

    def __post_init__(self) -> None:
        Oracle((), 1, self.noise, self.skip)  # refuses what cannot be

    def split(self, labels: Any, names: Sequence[str], seed: int) -> OpenSetSplit:
        """The split of a seed; an ArgumentError if it cannot be had, or not all its answers."""
        split = openset_split(
            labels,
            first=self.first,
            seed=seed,
            mismatch=self.mismatch,
            known=self.known,
            names=names,
            ood_ratio=self.ood_ratio,
            protocol=self.protocol,
            test_share=self.test_share,
        )
        require_answers(split, self.rounds, self.budget)
        if not len(split.test):
            raise ArgumentError(f"test_share {self.test_share:g} leaves no item to test with.")
        return split

    def settings(self) -> dict[str, Any]:
        """The conditions as values that JSON can hold, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        known = None if self.known is None else list(self.known)
        return {**values, "known": known, "task": repr(self.task)}


def compare(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    conditions: Conditions,
    seeds: Sequence[int],
    *,
    cells: Cells | None = None,
    finished: Callable[[], object] = lambda: None,
) -> Runs:
    """The runs of all strategies at all seeds; at one seed all see the same split.

    Runs that `cells` already has are not computed again, others are kept there; `finished` is
    called after each.
    """
    splits = {seed: conditions.split(data.labels, data.names, seed) for seed in seeds}
    if not splits or not strategies:
        raise ArgumentError("At least one strategy and one seed were expected.")
    runs: dict[str, dict[int, Run]] = {name: {} for name in strategies}
    for seed, split in splits.items():
        for name, strategy in strategies.items():
            run = cells.load(name, seed, repr(strategy)) if cells is not None else None
            if run is None:
                run = _run(strategy, data, split, conditions, seed)
                if cells is not None:
                    cells.save(name, seed, repr(strategy), run)
            runs[name][seed] = run
            finished()
    return runs


def _run(
    strategy: QueryStrategy,
    data: LabeledData,
    split: OpenSetSplit,
    conditions: Conditions,
    seed: int,
) -> Run:
    oracle = Oracle(split.truth, split.num_classes, conditions.noise, conditions.skip, seed)
    return simulate(
        strategy,
        data,
        split,
        task=conditions.task,
        rounds=conditions.rounds,
        budget=conditions.budget,
        seed=seed,
        oracle=oracle,
        progress=False,
    )
