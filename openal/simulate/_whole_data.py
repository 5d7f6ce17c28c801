"""The line above all curves: the task network once every known item of the pool is answered."""

from pathlib import Path
from typing import Any

import numpy as np

from openal._checks import as_number
from openal._files import plain_json
from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.simulate._planned_runs import SameStart
from openal.simulate._results_folder import ResultsFolder, write_json
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData, held_out_items
from openal.simulate.split import OpenSetSplit

__all__ = ["kept_accuracy", "whole_accuracy"]


def whole_accuracy(
    data: LabeledData,
    split: OpenSetSplit,
    conditions: Conditions,
    seed: int,
    test: LabeledData | None,
) -> float:
    """The accuracy of the task network, trained on all known items of a split."""
    pool, held_out = data.pool(split.pool), held_out_items(split, data, test)
    known = np.flatnonzero(split.truth >= 0)
    labeled = LabeledSet(len(pool), split.classes)
    labeled.add(known, split.truth[known])
    task, number = conditions.task, derived_seed(seed, 0, conditions.rounds + 1)
    task = SameStart(task, derived_seed(seed, 2)) if conditions.same_start else task
    return held_out.accuracy(task.fit(pool, labeled, seed=number, progress=False), False)


def kept_accuracy(folder: ResultsFolder, seed: int, *given: Any) -> float:
    """`whole_accuracy` of the arguments, from a file in the folder or computed and kept there."""
    words = "-".join(filter(None, [folder.tag, f"seed{seed}.json"]))
    path: Path = folder.folder / "whole" / words
    if not path.exists():
        data, split, conditions, test = given
        accuracy = whole_accuracy(data, split, conditions, seed, test)
        write_json(path, {"settings": folder.settings, "seed": seed, "accuracy": accuracy})
    try:
        content = plain_json(path)
        folder.require_same(path, content["settings"])
        return float(as_number(content["accuracy"], "accuracy", minimum=0, maximum=1))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} is damaged ({error}); delete it to compute it again."
        raise ArgumentError(message) from error
