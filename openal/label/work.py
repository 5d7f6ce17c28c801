"""What is labeled: images by index, a ledger, and a function that begins the next round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openal.labeled import LabeledSet

__all__ = ["Work"]


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
