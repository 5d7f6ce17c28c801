"""A progress bar that obeys the argument `progress` of a query, a learner or a store."""

from typing import Any

from tqdm import tqdm

__all__ = ["progress_bar"]


def progress_bar(progress: bool | None, **options: Any) -> "tqdm[Any]":
    """A bar of tqdm: on a terminal only (None), always (True) or never (False).

    `options` are those of tqdm: `total`, `unit`, `initial`, `leave`...
    """
    return tqdm(disable=None if progress is None else not progress, **options)
