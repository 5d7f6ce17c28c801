"""`openal.toml`: what a project is about, in one small file that people may edit."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openal._checks import as_count
from openal._files import plain_bytes, write_whole
from openal._skip_copies import as_copies
from openal.errors import ArgumentError
from openal.ledger._settings import class_names

__all__ = ["NAME", "checked", "find_settings", "read_settings", "write_settings"]

NAME = "openal.toml"
WORDS = {
    "images": "a folder, a glob, or a CSV or Parquet file of paths; from this file's folder on",
    "classes": "what is looked for",
    "encoder": "auto, offline, clip:MODEL/TAG, hub:..., timm:NAME, torchvision:NAME or your own",
    "strategy": "how images are chosen",
    "budget": "questions in a round",
    "copies": "of answered images: skip, ask, or the least cosine of near copies",
}
"""What stands behind each setting in the file, in its order."""


def find_settings(start: Path) -> Path:
    """The `openal.toml` of a folder or of the nearest one above it that has one."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return folder / NAME
    raise ArgumentError(
        f"there is no {NAME} in {here} or above it; begin a project with "
        f"openal init DIR --images FOLDER --classes NAME ..., then cd DIR."
    )


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of a file, checked; an ArgumentError names the file and the setting."""
    try:
        values = tomllib.loads(plain_bytes(path).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}.") from error
    try:
        return checked(values)
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from error


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that can be right: none unknown, images and classes there, each of its type."""
    unknown = [name for name in values if name not in WORDS]
    if unknown:
        raise ArgumentError(f"there is no setting {unknown[0]!r}; there are {', '.join(WORDS)}.")
    missing = [name for name in ("images", "classes") if name not in values]
    if missing:
        raise ArgumentError(f"the setting {missing[0]!r} is missing: {WORDS[missing[0]]}.")
    settings = dict(values)
    for name in ("images", "encoder", "strategy"):
        _require_text(settings, name)
    _require_encoder(settings.get("encoder", "auto"))
    if isinstance(settings["classes"], int):
        raise ArgumentError("classes must be a list of names.")
    settings["classes"] = class_names(settings["classes"])
    if "budget" in settings:
        as_count(settings["budget"], "budget", minimum=1)
    if "copies" in settings:
        as_copies(settings["copies"])
    return settings


def _require_text(settings: Mapping[str, Any], name: str) -> None:
    value = settings.get(name, "-")
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(f"{name} must be a text, got {value!r:.60}.")


def _require_encoder(name: str) -> None:
    if name.partition(":")[0] not in ("auto", "offline") and ":" not in name:
        raise ArgumentError(
            f"encoder must be auto, offline, clip:MODEL/TAG, hub:OWNER/NAME, timm:NAME, "
            f"torchvision:NAME or MODULE:FUNCTION, got {name!r:.60}."
        )


def write_settings(path: Path, values: Mapping[str, Any]) -> None:
    """Write the file whole, with a word on each setting behind it."""
    pairs = [(f"{name} = {_toml(value)}", WORDS[name]) for name, value in values.items()]
    width = min(48, max(len(pair) for pair, _ in pairs))
    text = "".join(f"{pair:{width}}  # {word}\n" for pair, word in pairs)
    try:
        write_whole(path, text.encode())
    except UnicodeEncodeError as error:
        raise ArgumentError(f"{NAME} cannot hold a name that is not Unicode: {error}.") from error


def _toml(value: Any) -> str:
    """A value as TOML has it: texts and lists of texts as JSON has them, DEL escaped."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
