"""The texts that a strategy is given: of the classes, and of other things."""

from collections.abc import Callable
from typing import Any

from openal.errors import ArgumentError
from openal.pool import Learner

__all__ = ["prompts_of"]


def prompts_of(texts: Any, learner: Callable[..., Any], embeddings: str) -> tuple[Learner, ...]:
    """The learner of a pair of texts; none without, where the pool has to offer its signal."""
    if texts is None:
        return ()
    if not isinstance(texts, tuple | list) or len(texts) != 2:
        raise ArgumentError("texts must be a pair of tensors (classes, others).")
    return (learner(*texts, embeddings=embeddings),)
