"""What a strategy costs to import and to ask, measured in a process of its own."""

import pytest

from benchmarks.footprint import DIMENSIONS, ITEMS, MIB, Footprint, footprint

EMBEDDINGS = 4 * ITEMS * DIMENSIONS


@pytest.mark.long
def test_a_strategy_is_light() -> None:
    measured = footprint("Random")
    assert measured.import_seconds < 2  # .14 on a quiet machine; a second where all is loaded
    assert 20 < measured.modules < 120
    assert measured.query_bytes is None or measured.query_bytes < 4 * EMBEDDINGS


def test_a_line_of_the_table() -> None:
    assert Footprint("NEAT", 0.178, 98, 71 * MIB).line == "| NEAT | 0.18 | 98 | 71 |"
    assert Footprint("NEAT", 0.178, 98, None).line == "| NEAT | 0.18 | 98 |  |"
