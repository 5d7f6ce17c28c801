"""The public names of the library: which module the reference shows each under."""

import importlib
from collections.abc import Iterator
from functools import cache
from pkgutil import iter_modules
from types import ModuleType

import openal

__all__ = ["DOORS", "full_name", "public_modules", "shown"]


DOORS = ("simulate.metrics", *(f"integrations.{tool}" for tool in
         ("coco", "cvat", "fiftyone", "label_studio", "yolo")))  # fmt: skip
INNER_ROOMS = ("integrations.ray",)


@cache
def public_modules() -> tuple[str, ...]:
    """The front door, what stands below it without a `_`, and the doors inside of rooms."""
    below = (module.name for module in iter_modules(openal.__path__, "openal."))
    plain = [name for name in below if "._" not in name and _exports(name)]
    return ("openal", *sorted(plain), *(f"openal.{door}" for door in (*DOORS, *INNER_ROOMS)))


def _exports(module: str) -> tuple[str, ...]:
    return tuple(getattr(_imported(module), "__all__", ()))


@cache
def _imported(module: str) -> ModuleType:
    return importlib.import_module(module)


@cache
def shown() -> dict[str, tuple[str, ...]]:
    """By module, the names that its page of the reference shows: each object stands on one page."""
    seen: set[object] = set()
    pages = {}
    for module in public_modules():
        names = [name for name in _exports(module) if _key(module, name) not in seen]
        seen |= {_key(module, name) for name in names}
        if names:
            pages[module] = tuple(sorted(names, key=str.lower))
    return pages


def _key(module: str, name: str) -> object:
    """What an object is known by: constants are equal by accident, so they go by their name."""
    value = getattr(_imported(module), name)
    return id(value) if callable(value) else name


@cache
def _full_names() -> dict[str, str]:
    """Every way to write a public name, and the name that the reference has for it."""
    homes = {_key(m, name): f"{m}.{name}" for m, names in shown().items() for name in names}
    found = {module: module for module in shown() if module != "openal"}
    for module in reversed(public_modules()):
        for name in _exports(module):
            home = homes[_key(module, name)]
            found |= dict.fromkeys(_spellings(module, name), home)
    return found


def _spellings(module: str, name: str) -> Iterator[str]:
    """`entropy`, `functional.entropy` and `openal.functional.entropy`."""
    words = [*module.split("."), name]
    yield from (".".join(words[start:]) for start in range(len(words)))


def full_name(text: str) -> str | None:
    """The public name that a piece of code writes, as `NEAT(k=5)` does; None: it writes none."""
    name = text.split("(", 1)[0]
    called = text == name or text.endswith(")")
    plain_word = name.islower() and "." not in name and "_" not in name and text == name
    return None if plain_word or not called else _full_names().get(name)
