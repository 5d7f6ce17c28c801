"""Answers told anew about items in another order, which their keys say to be the same."""

import warnings
from dataclasses import replace

from openal._keys import Keys
from openal._words import plural
from openal.errors import LedgerError
from openal.ledger._events import Event
from openal.ledger._format import KEYED
from openal.ledger._log import EventLog
from openal.ledger._settings import KeyMark

__all__ = ["matched_events"]

ABOUT = ("size", "keys")
"""The kinds of events that tell what a ledger is about, which is something else now."""


def matched_events(log: EventLog, keys: Keys) -> list[Event]:
    """The events about the items of `keys`, at the places that they have there.

    What was said about other items is left out, with a warning.
    """
    events = [event for event in log.events() if event.kind not in ABOUT]
    known = _known_keys(log, {index for event in events for index in event.indices})
    found = {index: keys.index_of(key) for index, key in known.items()}
    _warn_of_lost(log, [index for index, place in found.items() if place is None], known)
    places = {index: place for index, place in found.items() if place is not None}
    told = [replace(event.moved(places), keys=None, position=None) for event in events]
    named = [_keyed(event, keys) for event in told]
    mark = Event("keys", [], [], texts=KeyMark.of(keys).texts)
    return [mark, *(each for each in named if each.indices or each.texts or each.kind == "round")]


def _keyed(event: Event, keys: Keys) -> Event:
    return replace(event, keys=keys.at(event.indices)) if event.kind in KEYED else event


def _known_keys(log: EventLog, indices: set[int]) -> dict[int, str]:
    """The keys of some items, as they were given or as the file has them."""
    with log.guard.lock:
        in_file = dict(log.answers().settings.keys)
    given = range(0 if log.keys is None else len(log.keys))
    keys = {i: log.keys[i] if log.keys and i in given else in_file.get(i) for i in sorted(indices)}
    for index, key in keys.items():
        if key is None:
            raise LedgerError(
                f"Item {index} has an answer or was asked, and no key. Open the ledger once with "
                f"keys=, those of the items in the order of before."
            )
    return {index: key for index, key in keys.items() if key is not None}


def _warn_of_lost(log: EventLog, gone: list[int], known: dict[int, str]) -> None:
    with log.guard.lock:
        lost = [index for index in gone if log.answers().is_answered(index)]
    if lost:
        warnings.warn(
            f"{plural(len(lost), 'answer')} left out, about what is not among the keys; the first "
            f"is about {known[lost[0]]!r}.",
            stacklevel=4,
        )
