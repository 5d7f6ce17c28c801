"""Where the numbers come from: command, settings, versions and hardware."""

import shlex
from collections.abc import Mapping
from typing import Any

from openal.simulate.machine import hardware, versions
from openal.simulate.report.commands import commands
from openal.simulate.report.conditions import Condition, Results
from openal.simulate.report.markup import element, text

__all__ = ["origin"]

GUESSED = (
    "The results do not say how they were started. This follows from their settings; of data from "
    "files only the name is known."
)


def origin(results: Results) -> str:
    """The last section of the page."""
    told = [results.origin.get("about"), *(results.origin.get("notes") or [])]
    return "".join(
        [
            *(element("p", text(str(each))) for each in told if each),
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
    told = [
        ("Runs: versions", given.get("versions", "unsaid")),
        ("Runs: hardware", given.get("hardware", "unsaid")),
        ("This page: versions", versions()),
        ("This page: hardware", hardware()),
    ]
    return _definitions([(what, _words(each)) for what, each in told])


def _settings(condition: Condition) -> str:
    rows = [(str(key), _words(value)) for key, value in condition.settings.items()]
    title = element("summary", text(condition.label))
    return element("details", title, _definitions(rows))


def _definitions(rows: list[tuple[str, str]]) -> str:
    pairs = [element("dt", text(key)) + element("dd", text(value)) for key, value in rows]
    return element("dl", *pairs)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)


def _code(words: str) -> str:
    return element("pre", element("code", text(words)), tabindex="0")
