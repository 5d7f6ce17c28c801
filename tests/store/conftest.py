"""What the tests of stores share."""

import pytest

from openal.store import _stamps


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a moment ago are like those of long ago."""
    monkeypatch.setattr(_stamps, "GRAIN", 0)
