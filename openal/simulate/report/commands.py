"""The commands that ask for given settings, one for each grid."""

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from openal.simulate.report.conditions import Condition

__all__ = ["commands"]

DIGITS = "handwritten digits"
RATIOS = ("mismatch", "ood_ratio")
VARYING = frozenset({*RATIOS, "known", "first"})
PLAIN = ("protocol", "test_share", "rounds", "budget", "noise", "skip")
OF_RECIPE = ("recipe", "scale", "rounds", "budget", "noise", "skip")


def commands(conditions: Sequence[Condition]) -> list[str]:
    """Conditions that differ in their ratios alone come from one command."""
    groups: dict[str, list[Condition]] = {}
    for each in conditions:
        shared = {key: value for key, value in each.settings.items() if key not in VARYING}
        groups.setdefault(json.dumps(shared, sort_keys=True), []).append(each)
    return [shlex.join(_words(group)) for group in groups.values()]


def _words(group: Sequence[Condition]) -> Iterator[str]:
    settings = group[0].settings
    recipe = settings.get("recipe")
    yield from ("openal", "simulate")
    yield from _options(settings, OF_RECIPE if recipe else PLAIN)
    if recipe:
        yield from ("--dataset", group[0].data)
    else:
        yield from _plain(group)
    for key in RATIOS:
        values = _distinct(group, key)
        if values and not (key == "mismatch" and settings.get("known")):
            yield from (_flag(key), *map(str, values))
    seeds = sorted({seed for each in group for runs in each.runs.values() for seed in runs})
    yield from ("--seeds", ",".join(map(str, seeds)) + "," * (len(seeds) == 1))
    yield from ("--strategies", *dict.fromkeys(name for each in group for name in each.runs))


def _plain(group: Sequence[Condition]) -> Iterator[str]:
    """Data, classes, first answers and classifier, which a recipe names itself."""
    settings = group[0].settings
    if group[0].data != DIGITS:
        yield from ("--embeddings", group[0].data, "--labels", "LABELS")
    if isinstance(settings.get("known"), list):
        yield from ("--known", *map(str, settings["known"]))
    first = _distinct(group, "first")
    if len(first) == 1:
        yield from ("--first", str(first[0]))
    yield from ("--task", "logistic" if "hidden=None" in str(settings.get("task")) else "mlp")


def _options(settings: Any, keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        if settings.get(key) is not None:
            yield from (_flag(key), str(settings[key]))


def _distinct(group: Sequence[Condition], key: str) -> list[Any]:
    return list(dict.fromkeys(v for each in group if (v := each.settings.get(key)) is not None))


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"
