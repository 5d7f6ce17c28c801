"""`openal init`: begins a project, in a folder with one small file that says what it is about."""

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from openal.commands._say import plural, say
from openal.commands.arguments.init import parser
from openal.project import Project
from openal.project._image_list import image_list

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an ArgumentError, and nothing written, where there are no images."""
    given = parser().parse_args(argv)
    folder: Path = given.folder.resolve()
    images = _from(folder, given.images)
    found = image_list(images, folder, besides=[folder / "embeddings"])
    settings = {"encoder": given.encoder, "strategy": given.strategy, "budget": given.budget}
    settings["copies"] = _copies(given.copies)
    known = {name: value for name, value in settings.items() if value is not None}
    project = Project.create(folder, images, given.classes, **known)
    counts = plural(len(found.names), "image"), plural(len(project.classes), "class", "es")
    say([f"{folder / 'openal.toml'}: {', '.join(counts)}: {', '.join(project.classes)}."])
    say([found.left_out] if found.left_out else [])
    here = folder == Path.cwd()
    say([f"Next: {'' if here else f'cd {quote(str(given.folder))} && '}openal embed"])
    return 0


def _from(folder: Path, images: str) -> str:
    """The path of the images from the project's folder on; an absolute one stays as it is."""
    if os.path.isabs(images):
        return images
    try:
        return Path(os.path.relpath(Path.cwd() / images, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return os.path.abspath(images)


def _copies(text: str | None) -> str | float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
