"""docs/scale.md names the strategies that take a signal of all candidates into one process."""

import re
from pathlib import Path
from typing import Any

import pytest

from openal._signals import QuerySignals
from openal.strategies import available
from openal.testing._world import world
from openal.view import Blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


class Told:
    """An engine that tells when it reads."""

    reading = False

    def __call__(self, *arguments: Any) -> Any:
        self.reading = True
        try:
            return Blocks()(*arguments)
        finally:
            self.reading = False


@pytest.mark.long
def test_the_page_names_what_each_strategy_takes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made, engine, take = world(size=240), Told(), QuerySignals.take
    pool, n = made.pool.with_engine(engine), len(made.labeled.unlabeled_indices)
    taken: dict[str, set[str]] = {}

    def told(signals: QuerySignals, name: str, indices: Any) -> Any:
        if not engine.reading and len(indices) == n:
            taken.setdefault(kind.__name__, set()).add(name)
        return take(signals, name, indices)

    monkeypatch.setattr(QuerySignals, "take", told)
    for kind in available().values():
        kind().query(pool, made.labeled, 6, seed=0, progress=False)
    table = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| ([a-z_, ]+) \|$", PAGE.read_text(), re.MULTILINE
    )
    named = {
        kind: {*signals.split(", ")}
        for kinds, signals in table
        for kind in re.findall(r"\w+", kinds)
    }
    assert named == taken
