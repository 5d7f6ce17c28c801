"""A table of all pairs of rows, of which half is made."""

from collections.abc import Iterator

__all__ = ["strips"]

FEWEST = 16  # pairs within a strip are made twice: one in as many


def strips(n: int, *, elements: int, multiple: int) -> Iterator[slice]:
    """Runs of rows 0..n-1, each to be paired with itself and with all later rows.

    About `elements` pairs each, but a multiple of `multiple` rows; the last has what is left.
    """
    start = 0
    while start < n:
        size = min(n // FEWEST, elements // (n - start)) // multiple * multiple
        yield slice(start, start := min(n, start + max(multiple, size)))
