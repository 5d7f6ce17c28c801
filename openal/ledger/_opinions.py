"""Items about which several people said something: what each said, and which of it counts."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from openal.ledger._settings import ASK, FIRST

__all__ = ["Counted", "counted", "differ"]


class Counted(NamedTuple):
    """The answer that counts, and who gave it first."""

    annotator: str
    label: int


def counted(opinions: Mapping[str, int], policy: str) -> Counted | None:
    """Which of the `opinions` (by annotator, in the order given) counts; None if none does.

    Under "first" it is the first. Under "majority" it is the one that most people share, of several
    such the first; under "ask" none, where several are.

    >>> counted({"ann": 0, "bob": 1, "eve": 1}, "majority")
    Counted(annotator='bob', label=1)
    >>> counted({"ann": 0, "bob": 1}, "ask") is None
    True
    """
    if policy == FIRST:
        return Counted(*next(iter(opinions.items())))
    votes = Counter(opinions.values()).most_common()  # equals in the order given
    label, most = votes[0]
    if policy == ASK and len(votes) > 1 and votes[1][1] == most:
        return None
    return Counted(next(who for who, said in opinions.items() if said == label), label)


def differ(opinions: Mapping[str, int]) -> bool:
    """Whether not all said the same."""
    return len({*opinions.values()}) > 1
