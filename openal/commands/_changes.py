"""What became of the images of a store, in sentences: counts, and the first names."""

from collections.abc import Sequence

from openal.commands._say import plural
from openal.project import Project
from openal.store._matching import Match

__all__ = ["about_replaced", "changes"]

NAMED = 3
"""How many names of a kind are told."""


def changes(match: Match) -> list[str]:
    """What became of the images; nothing where nothing did."""
    renamed = [f"{before} -> {now}" for before, now in match.renamed]
    told = (
        (match.new, "new"),
        (renamed, "renamed, with the embedding and the answer of before"),
        (match.replaced, "replaced by other bytes, and embedded anew"),
        (match.returned, "back, with the embedding and the answer of before"),
        (match.retired, "gone; answers stay, and no query asks"),
        (match.unread, "not readable now, and taken for what they were"),
    )
    return [f"{plural(len(names), 'image')} {what}: {_few(names)}" for names, what in told if names]


def about_replaced(project: Project, stale: Sequence[int]) -> list[str]:
    """Which answers are about images that were replaced since, by index."""
    if not stale:
        return []
    names = _few([project.names[index] for index in stale])
    return [
        f"{plural(len(stale), 'answer')} of before the image was replaced: {names}. openal query "
        f"--replaced asks again."
    ]


def _few(names: Sequence[str]) -> str:
    more = f", ... and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
