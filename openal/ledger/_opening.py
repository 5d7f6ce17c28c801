"""A ledger opened for what a caller asks about: it is about that, or grew to it, or is refused."""

import json
import os
from functools import partial

from openal._keys import Keys
from openal.errors import LedgerError
from openal.ledger._answers import Answers
from openal.ledger._events import Event
from openal.ledger._journal import Ledger
from openal.ledger._log import EventLog, Make
from openal.ledger._settings import FIRST, KeyMark

__all__ = ["added_class", "changed_policy", "grow", "opened"]


def opened(
    path: str | os.PathLike[str] | None,
    size: int,
    classes: tuple[str, ...],
    keys: Keys | None,
    policy: str | None,
) -> EventLog:
    """The log of a file, or one in memory; a LedgerError where the file is about something else."""
    if path is None:
        log = EventLog(size, classes, None, [], keys)
    else:
        log = EventLog(size, classes, Ledger(path, size, classes), [], keys)
        log.refresh()
    log.record_changes(
        [
            partial(_grown, path=path, size=size, keys=keys),
            partial(_named, path=path, classes=classes),
            *([] if keys is None or path is None else [partial(_keyed, path=path, keys=keys)]),
            *([] if policy is None else [partial(_judged, path=path, policy=policy)]),
        ]
    )
    return log


def grow(log: EventLog, size: int, keys: Keys | None) -> None:
    """Add items at the end; a LedgerError where those before are others, or fewer."""
    path = "The ledger" if log.ledger is None else log.ledger.path
    if log.keys is not None and keys is None and size > len(log.keys):
        raise LedgerError(f"{path} has keys: give keys= of all {size} items.")
    if log.keys is not None and keys is not None:
        _require_begun_with(path, log.keys, keys)
    makes: list[Make] = [partial(_grown, path=path, size=size, keys=keys)]
    if keys is not None and log.ledger is not None:
        makes.append(partial(_keyed, path=path, keys=keys))
    log.refresh()
    log.record_changes(makes)
    log.keys = log.keys if keys is None else keys


def _require_begun_with(path: object, before: Keys, keys: Keys) -> None:
    """Refuse keys that do not begin with those of before."""
    for index, (one, two) in enumerate(zip(before, keys, strict=False)):
        if one != two:
            raise LedgerError(
                f"{path} has other keys: item {index} is {one!a:.80} there and {two!a:.80} in what "
                f"was asked for."
            )


def added_class(name: str) -> Make:
    """What adds a class at the end; one that is there already stays where it is."""

    def make(answers: Answers) -> Event | None:
        return None if name in answers.settings.ids else Event("classes", [], [], texts=(name,))

    return make


def changed_policy(policy: str) -> Make:
    """What says from now on which answer counts where annotators disagree."""

    def make(answers: Answers) -> Event | None:
        same = policy == answers.settings.policy
        return None if same else Event("policy", [], [], texts=(policy,))

    return make


def _grown(answers: Answers, path: object, size: int, keys: Keys | None) -> Event | None:
    """More items at the end than there were; those before are told by their keys, if any."""
    there, mark = answers.size, answers.settings.mark
    if size == there:
        return None
    if size < there:
        key = answers.settings.keys.get(size)
        lost = f"item {size}" if key is None else f"item {size}, {key!a:.80},"
        raise LedgerError(
            f"{path or 'The ledger'} has size {there}, asked for was {size}: {lost} is there and "
            f"not in what was asked for. Items may be added at the end."
        )
    if mark is not None and keys is None:
        raise LedgerError(
            f"{path} has size {there}, asked for was {size}. Give keys= of all {size} items: the "
            f"file knows those of {mark.count}, and tells by them that item i stays item i."
        )
    return Event("size", [], [], texts=(str(size),))


def _named(answers: Answers, path: object, classes: tuple[str, ...]) -> Event | None:
    """The classes that were added at the end of the list."""
    there = answers.classes
    if classes[: len(there)] != there:
        at = next(
            (at for at, pair in enumerate(zip(there, classes, strict=False)) if len({*pair}) > 1),
            len(classes),
        )
        here = f"{classes[at]!a:.60}" if at < len(classes) else "not there"
        raise LedgerError(
            f"{path} has classes {json.dumps(there)}, asked for was {json.dumps(classes)}: the "
            f"first that differs is class {at}, {there[at]!a:.60} in the file and {here} in what "
            f"was asked for. Names may be added at the end."
        )
    new = classes[len(there) :]
    return Event("classes", [], [], texts=new) if new else None


def _keyed(answers: Answers, path: object, keys: Keys) -> Event | None:
    """The mark of the keys, and those of answered items, where the file has not got them yet."""
    settings = answers.settings
    for index, key in settings.keys.items():
        if index < len(keys) and keys[index] != key:
            raise LedgerError(
                f"{path} has other keys: item {index} is {key!r:.80} in the file and "
                f"{keys[index]!r:.80} in what was asked for."
            )
    difference = None if settings.mark is None else settings.mark.difference(keys)
    if difference is not None:
        raise LedgerError(f"{path} has other keys: {difference}.")
    new = [index for index in answers.answered() if index not in settings.keys]
    if settings.mark is not None and settings.mark.count == len(keys) and not new:
        return None
    return Event("keys", new, [], texts=KeyMark.of(keys).texts, keys=keys.at(new))


def _judged(answers: Answers, path: object, policy: str) -> Event | None:
    """The policy, of a file that has none yet but the one it began with."""
    there = answers.settings.policy
    if there not in (FIRST, policy):
        raise LedgerError(
            f"{path or 'The ledger'} has the policy {there!r}, asked for was {policy!r}; "
            f"set_policy({policy!r}) changes it."
        )
    return changed_policy(policy)(answers)
