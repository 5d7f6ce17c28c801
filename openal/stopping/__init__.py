"""When to stop asking, and what an answer costs: pure functions of answers and of measurements."""

from openal.stopping.cost import Cost, cost_per_correct
from openal.stopping.plateau import accuracy_plateau
from openal.stopping.purity_floor import purity_floor, purity_interval
from openal.stopping.unknown_share import expected_unknown_share

__all__ = [
    "Cost",
    "accuracy_plateau",
    "cost_per_correct",
    "expected_unknown_share",
    "purity_floor",
    "purity_interval",
]
