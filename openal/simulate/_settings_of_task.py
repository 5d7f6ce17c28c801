"""Which fields of a task network other networks take over from it."""

__all__ = ["LENGTHS", "OWN", "SCHEDULE", "SHARED"]

SHARED = ("factory", "batch_size", "augment", "device", "amp")
"""What every network takes: how it is made, and how its items are read."""

OWN = ("factory", "augment", "device", "amp")
"""What a network takes that keeps the schedule of its own paper."""

LENGTHS = ("epochs", "step_size")
"""How long a network is trained."""

SCHEDULE = (
    *("epochs", "lr", "momentum", "weight_decay", "step_size", "gamma", "milestones"),
    "schedule",
)
"""What a network takes that has no schedule of its own."""
