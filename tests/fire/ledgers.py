"""A ledger of every kind of event, and all that it says."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from openal._keys import Keys
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet

SIZE = 2_000
CLASSES = ["cat", "dög\n", "added"]
KEYS = Keys(tuple(f"{at:04}.jpg" for at in range(SIZE)))


def opened(path: Path) -> LabeledSet:
    return LabeledSet(SIZE, CLASSES, path, keys=KEYS)


def filled(path: Path) -> LabeledSet:
    """Several pages long; the last of them holds more than one event."""
    labeled = LabeledSet(SIZE, CLASSES[:2], path, keys=KEYS, policy="majority")
    for start in range(0, 900, 150):
        indices = range(start, start + 150)
        labeled.begin_round(SimpleNamespace(indices=indices, scores=[0.1] * 150))
        labeled.add(indices, [1, UNKNOWN, 0] * 50, annotator="ann")
    labeled.relabel([3, 4], [SKIPPED, 0], annotator="bob")
    labeled.retract([7, 8])
    labeled.add_class(CLASSES[2])
    labeled.add([5, 6, 8], [2, 2, 0], annotator="bob")
    labeled.add([5, 6], [2, 2], annotator="eve")
    labeled.retract([6], annotator="bob")
    labeled.begin_round(SimpleNamespace(indices=[1_000, 1_001], purity=[0.5, 1.0]))
    for index in (1_001, 1_500, 1_501, 1_502):
        labeled.add([index], [SKIPPED])
    return labeled


def said(labeled: LabeledSet) -> list[Any]:
    """Every answer, who gave it, in which round, with the scores of then."""
    rounds = [
        [values.tolist() if hasattr(values, "tolist") else values for values in vars(each).values()]
        for each in labeled.history
    ]
    known = [labeled.known_indices.tolist(), labeled.known_labels.tolist()]
    others = [labeled.unknown_indices.tolist(), labeled.skipped_indices.tolist()]
    told = labeled.annotators, labeled.disagreements, labeled.classes, labeled.policy
    return [known, others, labeled.pending_indices.tolist(), *told, rounds]


def folder(path: Path) -> dict[str, bytes]:
    """The files beside a ledger, and itself."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}
