"""When to stop asking, and what an answer costs: pure functions of answers and of measurements."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
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

lazy_package(__name__)
