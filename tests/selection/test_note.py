"""A score that changes nothing but what the query tells."""

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.informativeness import Margin
from openal.purity import NearestKnown
from openal.query import Chain
from openal.selection import Note, Top
from openal.testing._world import world


def test_the_query_tells_what_was_noted_and_asks_the_same() -> None:
    asked = world()
    ranked = Top(Margin())
    noted = Chain(Note(NearestKnown()), ranked).query(asked.pool, asked.labeled, 5)
    plain = Chain(ranked).query(asked.pool, asked.labeled, 5)
    assert noted.indices.tolist() == plain.indices.tolist()
    assert noted.purity is not None
    assert plain.purity is None
    assert noted.steps[0].rows.tolist() == np.arange(noted.n_candidates).tolist()


def test_it_notes_scores_only() -> None:
    with pytest.raises(ArgumentError, match="score must be"):
        Note(Margin)  # type: ignore[arg-type]
