"""Several strategies under the same conditions, over several seeds."""

from collections.abc import Callable, Mapping, Sequence

from openal.query import QueryStrategy
from openal.simulate.cells import Cells
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.grid import splits_of
from openal.simulate.work import Problem, Runs, work

__all__ = ["Conditions", "Runs", "compare"]


def compare(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    conditions: Conditions,
    seeds: Sequence[int],
    *,
    test: LabeledData | None = None,
    cells: Cells | None = None,
    finished: Callable[[], object] = lambda: None,
) -> Runs:
    """The runs of all strategies at all seeds; at one seed all see the same split.

    Runs that `cells` already has are not computed again, others are kept there; `finished` is
    called after each. `test` is a test set of its own.
    """
    splits = splits_of([conditions], data.labels, data.names, seeds, test)
    problem = Problem(conditions, {seed: split for (_, seed), split in splits.items()}, cells)
    (runs,) = work([problem], strategies, data, test, finished)
    return runs
