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

__all__ = ["added_class", "changed_policy", "opened"]


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
    """More items than there were, which the keys show to be the same ones and new ones."""
    if answers.size == size:
        return None
    known = keys is not None and answers.settings.mark is not None
    if size < answers.size or not known:
        more = " Give keys=, here and before, for items that were added." if not known else ""
        more = more if size > answers.size else ""
        raise LedgerError(f"{path} has size {answers.size}, asked for was {size}.{more}")
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
