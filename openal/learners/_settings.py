"""Settings that belong together: a learner is flat to its user, and made of groups inside."""

from dataclasses import fields
from typing import Any, TypeVar

from openal._fields import check_fields

__all__ = ["settings_of"]

Group = TypeVar("Group")


def settings_of(learner: Any, group: type[Group]) -> Group:
    """The fields of the dataclass `group`, with the values of those that the learner has.

    What belongs to no group is checked here: the learner's flags, functions, names and device.
    """
    names: Any = fields(group)  # type: ignore[arg-type]  # every group is a dataclass
    given = (each.name for each in names if hasattr(learner, each.name))
    found = group(**{name: getattr(learner, name) for name in given})
    check_fields(learner)
    return found
