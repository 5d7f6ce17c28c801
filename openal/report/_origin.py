"""The origin of the numbers: commands, settings, versions and hardware."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openal.report._results import RATIOS, ConditionRuns, Results
from openal.report._svg import element, text
from openal.simulate._recipe_experiment import STAND_IN
from openal.simulate._record import hardware, versions
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.conditions import VARYING

__all__ = ["commands", "origin"]

DIGITS = "handwritten digits"
VARYING_IN_RECIPE = frozenset({"ood_ratio", "known"})
PLAIN = ("protocol", "test_share", "rounds", "budget", "noise", "skip")
OF_RECIPE = ("recipe", "dataset", "scale", "first", "rounds", "budget", "noise", "skip")
DIGEST = re.compile(" [0-9a-f]{16}$")
"""What follows the name of a file of embeddings, and CLIPN."""


def commands(conditions: Sequence[ConditionRuns]) -> list[str]:
    """Conditions that differ in their ratios alone come from one command.

    In a recipe the first answers may be a share of the known items: with their number, it has a
    command for each mismatch.
    """
    groups: dict[str, list[ConditionRuns]] = {}
    for condition in conditions:
        settings = condition.settings
        varying = VARYING_IN_RECIPE if settings.get("recipe") else VARYING
        shared = {key: value for key, value in settings.items() if key not in varying}
        everything = settings.get("ood_ratio") is None
        groups.setdefault(json.dumps([shared, everything], sort_keys=True), []).append(condition)
    return [shlex.join(_arguments(group)) for group in groups.values()]


def _arguments(group: Sequence[ConditionRuns]) -> Iterator[str]:
    settings = group[0].settings
    recipe = settings.get("recipe")
    yield from ("openal", "simulate")
    yield from _options(settings, OF_RECIPE if recipe else PLAIN)
    yield from _embeddings(settings) if recipe else _plain(group)
    for key in RATIOS:
        values = _distinct(group, key)
        if values and (recipe or not (key == "mismatch" and settings.get("known"))):
            yield from (_flag(key), *map(str, values))
    by_name = [condition.runs for condition in group]
    seeds = sorted({seed for runs in by_name for by_seed in runs.values() for seed in by_seed})
    yield from ("--seeds", ",".join(map(str, seeds)) + "," * (len(seeds) == 1))
    names = [name for runs in by_name for name in runs]
    named = [name.removesuffix(STAND_IN) for name in names if name not in BOUNDS]
    yield from ("--strategies", *dict.fromkeys(named))
    if BASELINE in names and not {*BOUNDS} & {*names}:
        yield "--no-bounds"


def _embeddings(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the embeddings of a recipe come from."""
    name = str(settings.get("embeddings") or "none")
    file = DIGEST.sub("", name)
    if file == name:
        yield from ("--encoder", name)
    else:
        yield from ("--clipn", "WEIGHTS") if file == "CLIPN" else ("--embeddings", file)


def _plain(group: Sequence[ConditionRuns]) -> Iterator[str]:
    """Data, classes, first answers and classifier, which a recipe names itself."""
    settings = group[0].settings
    if settings.get("encoder"):
        yield from ("--images", group[0].data, "--encoder", str(settings["encoder"]))
    elif settings.get("embeddings"):
        yield from ("--images", group[0].data, "--embeddings", str(settings["embeddings"]))
    elif group[0].data != DIGITS:
        yield from ("--embeddings", group[0].data, "--labels", "LABELS")
    if isinstance(settings.get("known"), list):
        yield from ("--known", *map(str, settings["known"]))
    first = _distinct(group, "first")
    if len(first) == 1:
        yield from ("--first", str(first[0]))
    yield from ("--task", _task(str(settings.get("task"))))
    if settings.get("thin"):
        yield "--thin"


def _task(described: str) -> str:
    """The name of the task network on the command line."""
    names = {"SmallCNN": "cnn", "PixelResNet18": "resnet18", "hidden=None": "logistic"}
    return next((name for word, name in names.items() if word in described), "mlp")


def _options(settings: Any, keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        if settings.get(key) is not None:
            yield from (_flag(key), str(settings[key]))


def _distinct(group: Sequence[ConditionRuns], key: str) -> list[Any]:
    values = (condition.settings.get(key) for condition in group)
    return list(dict.fromkeys(value for value in values if value is not None))


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


GUESSED = (
    "The results do not say how they were started. This follows from their settings; of data from "
    "files only the name is known."
)


def origin(results: Results) -> str:
    """The last section of the page."""
    sentences = [results.origin.get("about"), *(results.origin.get("notes") or [])]
    return "".join(
        [
            *(element("p", text(str(sentence))) for sentence in sentences if sentence),
            element("h3", "Command"),
            *_commands(results),
            element("h3", "Versions and hardware"),
            _machine(results.origin),
            element("h3", "Settings"),
            *(_settings(condition) for condition in results.conditions),
        ]
    )


def _commands(results: Results) -> list[str]:
    given = results.origin.get("command")
    if given:
        return [_code(given if isinstance(given, str) else shlex.join(map(str, given)))]
    return [element("p", GUESSED, class_="note"), *map(_code, commands(results.conditions))]


def _machine(given: Mapping[str, Any]) -> str:
    """What the results say of their machine, and the machine of this page."""
    rows = [
        ("Runs: versions", given.get("versions", "unsaid")),
        ("Runs: hardware", given.get("hardware", "unsaid")),
        ("This page: versions", versions()),
        ("This page: hardware", hardware()),
    ]
    return _definitions([(what, _words(value)) for what, value in rows])


def _settings(condition: ConditionRuns) -> str:
    rows = [(str(key), _words(value)) for key, value in condition.settings.items()]
    title = element("summary", text(condition.label))
    return element("details", title, _definitions(rows))


def _definitions(rows: list[tuple[str, str]]) -> str:
    pairs = [element("dt", text(key)) + element("dd", text(value)) for key, value in rows]
    return element("dl", *pairs)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)


def _code(words: str) -> str:
    return element("pre", element("code", text(words)), tabindex="0")
