"""What is labeled: images by index, a ledger, and a function that begins the next round."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openal.labeled import LabeledSet

__all__ = ["Work"]


def no_notes(answers: Mapping[int, tuple[int, str]]) -> None:
    """Nobody wants to know what was shown."""


def no_reasons() -> Mapping[int, str]:
    """Nothing beyond what the ledger keeps of the query."""
    return {}


@dataclass(frozen=True, eq=False)
class Work:
    """What the page asks about, and where its answers go.

    Attributes:
        title: the name of the project, which heads the page.
        names: the name of each image, by index, as people know it.
        labeled: the ledger; with a file, an answer is on the disk before the next image shows.
        path_of: the file of an image, by index.
        ask: begins the next round in the ledger of `labeled`, also through another object with the
            same file; leaves it as it is when there is nothing left to ask. It is called in a
            thread of its own, while no round is open.
        reasons: why each image of the open round was chosen, in words, by index. It is called
            in the same thread, once a round; purity and informativeness are shown beside it.
        add_class: adds a class at the end of those of `labeled`; None where that cannot be.
        retired: the indices of images that are gone, which count nowhere on the page.
        note: hears, after answers were recorded, what was said about which bytes: by index the
            answer, and the checksum (xxh3-128, hexadecimal) of the file that was shown.

    >>> labeled = LabeledSet(2, classes=["cat", "dog"])
    >>> Work("Pets", ["a.jpg", "b.jpg"], labeled, lambda index: Path("a.jpg"), lambda: None).title
    'Pets'
    """

    title: str
    names: Sequence[str]
    labeled: LabeledSet
    path_of: Callable[[int], Path]
    ask: Callable[[], object]
    reasons: Callable[[], Mapping[int, str]] = no_reasons
    add_class: Callable[[str], object] | None = None
    retired: Callable[[], Collection[int]] = frozenset
    note: Callable[[Mapping[int, tuple[int, str]]], object] = no_notes
