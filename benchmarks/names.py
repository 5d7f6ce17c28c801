"""Names on the command lines: what is not there is refused before anything is loaded or run."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence

from openal._words import meant, printable

__all__ = ["refuse_unknown", "refuse_unmatched"]


def refuse_unknown(
    parser: ArgumentParser, option: str, names: Iterable[str] | None, there: Iterable[str]
) -> None:
    """End with status 2 at the first name that is not there; say which one, and what is there."""
    known = [*there]
    for name in names or ():
        if name not in known:
            _refuse(parser, option, f"{printable(name)!r} is not there", name, known)


def refuse_unmatched(
    parser: ArgumentParser, option: str, parts: Iterable[str], there: Iterable[str]
) -> None:
    """End with status 2 at the first part that no name holds; say which one, and what is there."""
    known = [*there]
    for part in parts:
        if not any(part in name for name in known):
            _refuse(parser, option, f"no name holds {printable(part)!r}", part, known)


def _refuse(
    parser: ArgumentParser, option: str, problem: str, name: str, known: Sequence[str]
) -> None:
    guess = meant(name, known)
    parser.error(f"argument {option}: {problem}{guess or '.'} There are: {'; '.join(known)}.")
