"""Which strategies of a recipe can be had, and one sentence on each that cannot."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from openal.errors import ArgumentError
from openal.learners import CLIP
from openal.query import QueryStrategy
from openal.simulate.arguments import missing_signals, strategies_of
from openal.simulate.encoders import Embedder
from openal.strategies import CLIPNAL

__all__ = ["STAND_IN", "needs_embeddings", "recipe_strategies"]

OFFERED = frozenset({"items", "features", "logits"})
STAND_IN = "(CLIP)"
"""What the name of a strategy ends in that reads negated texts of a CLIP instead of CLIPN's."""


def needs_embeddings(strategies: Iterable[QueryStrategy]) -> bool:
    """Whether a strategy reads what networks on images do not give."""
    return any(missing_signals(each, OFFERED) for each in strategies)


def recipe_strategies(
    named: Sequence[str] | None, usual: Sequence[str], embedder: Embedder | None
) -> tuple[dict[str, QueryStrategy], tuple[str, ...]]:
    """The strategies that are named, or else the usual ones that can be had; notes on the others.

    A strategy of CLIPN's texts has negated texts of a CLIP where there is no CLIPN: it goes by
    another name then, and a note says so.
    """
    offered = OFFERED | ({"embeddings"} if embedder else frozenset())
    found: dict[str, QueryStrategy] = {}
    notes: list[str] = []
    for name, made in strategies_of(named or usual).items():
        strategy = _with_texts(made, embedder)
        missing = missing_signals(strategy, offered)
        if missing and named:
            raise ArgumentError(f"{name} {_lack(missing)}")
        if missing:
            notes.append(f"Left out: {name}, which {_lack(missing)}")
        elif strategy is not made and embedder and isinstance(embedder.texts, CLIP):
            found[f"{name}{STAND_IN}"] = strategy
            notes.append(_stand_in(name, embedder.name))
        else:
            found[name] = strategy
    if not found:
        raise ArgumentError(" ".join(notes))
    return found, tuple(notes)


def _with_texts(strategy: QueryStrategy, embedder: Embedder | None) -> QueryStrategy:
    if isinstance(strategy, CLIPNAL) and embedder is not None and embedder.texts is not None:
        return replace(strategy, texts=embedder.texts)
    return strategy


def _stand_in(name: str, encoder: str) -> str:
    return (
        f"{name}{STAND_IN} reads negated texts of {encoder}, a stand-in for those of CLIPN, whose "
        f"weights are not given (--clipn FILE)."
    )


def _lack(missing: Sequence[str]) -> str:
    """What a strategy lacks, and which argument gives it."""
    if {"yes_cosines", "no_cosines"} & {*missing}:
        return "reads what CLIPN's texts say: give --clipn FILE, or --encoder MODEL/TAG of a CLIP."
    if "embeddings" in missing:
        return "reads embeddings: give --encoder NAME, --embeddings FILE or --clipn FILE."
    return f"reads {missing}, which nothing here offers."
