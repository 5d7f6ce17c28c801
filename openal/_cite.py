"""`cite`: the BibTeX entries of the papers that a strategy and the parts inside it come from."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from openal._version import __version__
from openal.errors import ArgumentError
from openal.query import Chain

__all__ = ["cite", "paper_keys"]

LIBRARY = "openal"
KEY = re.compile(r"@\w+\{([^,\s]+),")


def cite(*strategies: Any) -> str:
    """The BibTeX of the papers that strategies or single parts use, each entry once.

    Above each entry a comment names the parts that come from it. A strategy cites its own paper,
    those of its scores, stages and groups, and those of the learners that it brings for what a pool
    may lack; options count: `DistanceRatio(balanced=True)` cites Joda too. What is this library's
    own, such as `KnownKMeans`, cites the library, and so does `cite()`. An encoder is no part of a
    strategy: `cite(strategy, clip)`.

    A part of your own says where it comes from by `cites`, a tuple of BibTeX entries.

    Args:
        strategies: strategies, chains, scores, stages or learners; none for the library itself.

    Raises:
        ArgumentError: a class or a name instead of a strategy; a part with a `cites` that is no
            tuple of known keys and of BibTeX entries.

    >>> from openal.strategies import Random
    >>> cite(Random())
    '% Random comes from no paper.'
    """
    if not strategies:
        return _entry(LIBRARY, "cites")
    users: dict[str, list[str]] = {}
    for part in _distinct(strategies):
        for name in _cites(part):
            users.setdefault(_entry(name, _name(part)), []).append(_name(part))
    if not users:
        names = ", ".join(map(_name, strategies))
        return f"% {names} {'comes' if len(strategies) == 1 else 'come'} from no paper."
    return "\n\n".join(f"% {_joined(names)}\n{entry}" for entry, names in users.items())


def paper_keys(part: Any) -> tuple[str, ...]:
    """The keys of the papers of this part alone, for a table."""
    return tuple(_key(name) for name in _cites(part))


def _distinct(values: Any) -> Iterator[Any]:
    """What is inside values and may cite, outermost first, each object once."""
    seen: dict[int, Any] = {}  # which keeps them, or another object would get the same id
    for value in values:
        _require_part(value)
        yield from _inside(value, seen)


def _inside(value: Any, seen: dict[int, Any]) -> Iterator[Any]:
    if id(value) in seen or isinstance(value, type | str | int | float | None):
        return
    seen[id(value)] = value
    yield value
    for inner in _made_of(value):
        yield from _inside(inner, seen)


def _made_of(value: Any) -> Iterator[Any]:
    """The parts of a list, a chain, a strategy or a part, and the learners that it brings."""
    if isinstance(value, tuple | list):
        yield from value
        return
    if isinstance(value, partial):
        yield value.func
    if isinstance(value, Chain):
        yield from value._parts
    elif hasattr(value, "stages"):
        yield getattr(value, "chain", value.stages)
    elif is_dataclass(value):
        yield from (getattr(value, field.name) for field in fields(value))
    yield from getattr(value, "scores", ()) if _holds_scores(value) else ()
    yield from getattr(value, "learners", ())


def _holds_scores(value: Any) -> bool:
    return isinstance(getattr(value, "scores", None), tuple)


def _cites(part: Any) -> tuple[str, ...]:
    names = getattr(part, "cites", ())
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"cites of {_name(part)} must be a tuple of BibTeX entries, got {names!r:.60}."
        )
    return names


def _entry(name: str, where: str) -> str:
    """The entry of a key, or the entry itself."""
    if name.lstrip().startswith("@"):
        return name.strip()
    if name not in _entries():
        raise ArgumentError(
            f"cites of {where} holds {name!r:.60}, which is neither a BibTeX entry nor a key of "
            f"openal's own references."
        )
    return _entries()[name]


@cache
def _entries() -> dict[str, str]:
    """The entries of the file of references, by key."""
    text = files("openal").joinpath("_references.bib").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=@)", text.replace("VERSION", __version__))
    return {_key(block): block.strip() for block in blocks if block.startswith("@")}


def _key(entry: str) -> str:
    match = KEY.match(entry.lstrip())
    return match[1] if match else entry


def _require_part(value: Any) -> None:
    if isinstance(value, type):
        raise ArgumentError(f"strategies holds the class {value.__name__}: write it with ().")
    if not (callable(value) or any(hasattr(value, name) for name in ("stages", "cites", "offers"))):
        raise ArgumentError(
            f"strategies must be strategies or parts, got {value!r:.80}; names are for the command "
            f"`openal cite`."
        )


def _name(part: Any) -> str:
    return getattr(part, "__name__", type(part).__name__).lstrip("_")


def _joined(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))
