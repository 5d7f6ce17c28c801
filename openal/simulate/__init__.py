"""A dress rehearsal on labeled data: some classes are known, the answers are simulated."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.simulate.bounds import PerfectPurity
    from openal.simulate.classes import known_classes
    from openal.simulate.conditions import Conditions
    from openal.simulate.data import LabeledData
    from openal.simulate.datasets import image_data
    from openal.simulate.grid import compare_grid, conditions_at
    from openal.simulate.loop import Run, simulate
    from openal.simulate.oracle import Oracle
    from openal.simulate.recipes import RECIPES, Recipe
    from openal.simulate.split import OpenSetSplit, openset_split
    from openal.simulate.trackers import AUBC, QueryPrecision, QueryRecall, Wasted

__all__ = [
    "AUBC",
    "RECIPES",
    "Conditions",
    "LabeledData",
    "OpenSetSplit",
    "Oracle",
    "PerfectPurity",
    "QueryPrecision",
    "QueryRecall",
    "Recipe",
    "Run",
    "Wasted",
    "compare_grid",
    "conditions_at",
    "image_data",
    "known_classes",
    "openset_split",
    "simulate",
]

lazy_package(__name__)
