"""Options that another option leaves without effect are refused, not ignored."""

from dataclasses import fields
from typing import Any

from openal.errors import ArgumentError

__all__ = ["require_defaults"]


def require_defaults(strategy: Any, argument: str, *options: str) -> None:
    """Refuse `options` of the default learner where `argument` gives another learner."""
    defaults = {option.name: option.default for option in fields(strategy)}
    for option in options:
        value = getattr(strategy, option)
        if value != defaults[option]:
            raise ArgumentError(
                f"{option}={value!r} is for the default {argument}, and {argument}= gives another "
                f"one. Give {option} to that one, and leave it out here."
            )
