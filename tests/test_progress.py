"""A progress bar is drawn where `progress` says so."""

import sys
from io import StringIO

import pytest

from openal._progress import progress_bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "progress, stream, drawn",
    [
        (None, StringIO, False),
        (None, Terminal, True),
        (True, StringIO, True),
        (False, Terminal, False),
    ],
)
def test_a_bar_is_drawn_where_it_is_asked_for(
    progress: bool | None, stream: type[StringIO], drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    assert list(progress_bar(progress, iterable=range(3), file=sys.stderr)) == [0, 1, 2]
    assert bool(sys.stderr.getvalue()) == drawn
