"""Parts: what scores, stages and groups declare, so that everything is known before a query runs.

A part is a frozen dataclass. It says which signals it reads (`signal` fields), what its numbers
mean (`role`), and, where a signal must be learned, which learners it brings (`learners`).
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any, ClassVar, Literal, cast

from openal._fields import check_fields
from openal.errors import ArgumentError

__all__ = [
    "Part",
    "Role",
    "as_function",
    "as_learner",
    "as_score",
    "as_stage",
    "learners_of",
    "parts_of",
    "reads_of",
    "role_of",
    "signal",
]

Role = Literal["purity", "informativeness"]
"""What a score means: how likely an item is of a known class, or how much its label would teach."""


@dataclass(frozen=True)
class Part:
    """The base of scores, stages, vectors and groups: options, checked as they are annotated.

    A subclass is a frozen dataclass whose fields after the first are keyword-only. `Literal`,
    flags, names, numbers and paths are held against their annotation when the part is made; limits
    are its own `__post_init__`'s, which calls this one first. Nothing asks where a class is
    defined: a subclass in another package is treated like the original.
    """

    role: ClassVar[Role | None] = None
    """What the numbers of a score mean; None for parts that give none."""

    known_above: ClassVar[float | None] = None
    """Above which a score predicts a known class; None where no number means that everywhere."""

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def cites(self) -> tuple[str, ...]:
        """Papers that this part comes from: keys of `openal/_references.bib`, or BibTeX entries.

        `openal.cite` prints them. A part without options of another source writes
        `cites = ("mao2024inconsistency",)` in its class; by default there is no paper.
        """
        return ()

    @property
    def learners(self) -> tuple[Any, ...]:
        """Learners for signals that a pool may lack; those on arrays go before those on items."""
        return ()


def signal(name: str) -> Any:
    """A dataclass field that names a signal which the part reads; another name may be given.

    Or None, where the type of the field says so: the part then does without.

    >>> from openal.informativeness import Margin
    >>> reads_of(Margin("detector_logits"))
    ('detector_logits',)
    """
    return field(default=name, metadata={"signal": True})


def parts_of(part: Any) -> Iterator[Any]:
    """The part itself and every part inside it, outermost first."""
    yield part
    for inner in _inside(part):
        if isinstance(inner, tuple | list) or callable(inner) or hasattr(inner, "stages"):
            yield from parts_of(inner)


def reads_of(part: Any) -> tuple[str, ...]:
    """The names of the signals that a part and all inside it read, sorted."""
    return tuple(sorted({name for inner in parts_of(part) for name in _read_by(inner)}))


def learners_of(parts: Iterable[Any]) -> tuple[Any, ...]:
    """The learners that parts and all inside them bring, in their order."""
    inner = (each for part in parts for each in parts_of(part) if not hasattr(each, "stages"))
    return tuple(learner for each in inner for learner in getattr(each, "learners", ()))


def role_of(stage: Any) -> Role | None:
    """What the scores of a stage mean: its score's role, or its own word for it."""
    role: Role | None = getattr(getattr(stage, "score", stage), "role", None)
    return role


def _read_by(part: Any) -> Iterator[str]:
    """What one part declares: its signal fields, or the `reads` of a function."""
    if is_dataclass(part):
        check_fields(part)
        marked = (f.name for f in fields(part) if f.metadata.get("signal"))
        yield from (getattr(part, name) for name in marked if getattr(part, name) is not None)
    if not hasattr(part, "stages"):
        declared = getattr(part.func if isinstance(part, partial) else part, "reads", ())
        yield from (declared,) if isinstance(declared, str) else declared


def _inside(part: Any) -> tuple[Any, ...]:
    """What a tuple, a chain (`stages`), a mixture (`scores`) or a dataclass is made of."""
    if isinstance(part, tuple | list):
        return tuple(part)
    for name in ("stages", "scores"):
        if isinstance(getattr(part, name, None), tuple):
            inner: tuple[Any, ...] = getattr(part, name)
            return inner
    return tuple(getattr(part, f.name) for f in fields(part)) if is_dataclass(part) else ()


def as_function(value: Any, argument: str) -> Callable[[Any], Any]:
    """A function of a view, as scores, vectors and groups are; else an ArgumentError.

    It names the right thing for a strategy, a stage or a class in its place.
    """
    wanted = f"{argument} must be a function of a view"
    _require_instance(value, wanted)
    if hasattr(value, "stages"):
        raise ArgumentError(f"{wanted}, got the strategy {value!r}{_meant(value)}.")
    if not callable(value):
        raise ArgumentError(f"{wanted}, got {value!r:.200}.")
    if not _takes(value, "view"):
        raise ArgumentError(f"{wanted}, got {value!r:.200}, which is a stage or takes more.")
    return cast(Callable[[Any], Any], value)


def as_score(score: Any, argument: str = "score") -> Callable[[Any], Any]:
    """The score; else an ArgumentError: a class, a strategy, a stage, a number."""
    return as_function(score, argument)


def as_stage(stage: Any, argument: str = "stages") -> Any:
    """The stage or strategy; else an ArgumentError: a class, a score, a number."""
    wanted = f"{argument} must be " + (
        "a stage or a chain" if argument == "then" else "stages or chains"
    )
    _require_instance(stage, wanted)
    if hasattr(stage, "stages"):
        return stage
    if not callable(stage):
        raise ArgumentError(f"{wanted}, got {stage!r:.200}.")
    if not _takes(stage, "view", "budget"):
        raise ArgumentError(
            f"{wanted}; {stage!r:.200} is no stage; a score stands in one: Top(score)."
        )
    return stage


def as_learner(learner: Any, argument: str) -> Any:
    """The learner; else an ArgumentError: a class, an array, a score."""
    _require_instance(learner, f"{argument} must be a learner")
    able = hasattr(learner, "fit") or hasattr(learner, "signals")
    if not (able and hasattr(learner, "offers") and hasattr(learner, "reads")):
        raise ArgumentError(f"{argument} must be a learner, got {learner!r:.80}.")
    return learner


def _require_instance(value: Any, wanted: str) -> None:
    if isinstance(value, type):
        name = value.__name__
        raise ArgumentError(f"{wanted}, got the class {name}: write {name}(...).")


def _takes(function: Callable[..., Any], *arguments: str) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a built-in that does not tell
        return True
    return True


def _meant(strategy: Any) -> str:
    """The last score of a strategy, which may be what was meant."""
    scores = [stage.score for stage in strategy.stages if hasattr(stage, "score")]
    return f"; the score in it is {scores[-1]!r}" if scores else ""
