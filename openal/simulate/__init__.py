"""A dress rehearsal on labeled data: some classes are known, the answers are simulated."""

from openal.simulate.classes import known_classes
from openal.simulate.data import LabeledData
from openal.simulate.loop import simulate
from openal.simulate.oracle import Oracle
from openal.simulate.run import Run
from openal.simulate.split import OpenSetSplit, openset_split

__all__ = [
    "LabeledData",
    "OpenSetSplit",
    "Oracle",
    "Run",
    "known_classes",
    "openset_split",
    "simulate",
]
