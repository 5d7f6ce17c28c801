"""What became of the images of a store, in sentences: counts, and the first names."""

from collections.abc import Collection, Sequence

from openal.commands._say import plural
from openal.project import Project
from openal.store._matching import Match

__all__ = ["about_gone", "about_repaired", "about_replaced", "changes"]

NAMED = 3
"""How many names of a kind are told."""


def changes(match: Match, unreadable: Collection[int] = ()) -> list[str]:
    """What became of the images; nothing where nothing did.

    `unreadable` could not be read before: other bytes under such a name replace no picture.
    """
    renamed = [f"{before} -> {now}" for before, now in match.renamed]
    again = [name for name in match.replaced if match.row_of[name] in unreadable]
    replaced = [name for name in match.replaced if match.row_of[name] not in unreadable]
    told = (
        (match.new, "new"),
        (renamed, "renamed, with the embedding and the answer of before"),
        (replaced, "replaced by other bytes, and embedded anew"),
        (again, "changed that could not be read, and tried again"),
        (match.returned, "back, with the embedding and the answer of before"),
        (match.retired, "gone; answers stay, and no query asks"),
        (match.unread, "not readable now, and taken for what they were"),
    )
    return [f"{plural(len(names), 'image')} {what}: {_few(names)}" for names, what in told if names]


def about_repaired(names: Sequence[str]) -> list[str]:
    """Which images could not be read before, and can now."""
    if not names:
        return []
    return [f"{plural(len(names), 'image')} repaired, not readable before: {_few(names)}"]


def about_gone(project: Project) -> list[str]:
    """How many images are gone: those that `openal embed` knows of, and those that left since."""
    retired = project.retired
    there = [index for index in range(len(project.names)) if index not in retired]
    left = [project.names[index] for index in there if not project.path_of(index).is_file()]
    lines = []
    if retired:
        lines += [f"{plural(len(retired), 'image')} gone since: answers count, no query asks."]
    if left:
        way = (
            "set images in openal.toml to where they are now"
            if len(left) == len(there)  # of which openal embed would find none
            else "type openal embed"
        )
        lines += [
            f"{len(left):,} of {plural(len(there), 'image')} not found in {project.image_folder}: "
            f"{_few(left)}. Bring them back, or {way}."
        ]
    return lines


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
