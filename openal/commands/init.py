"""`openal init`: begins a project, in a folder with one small file that says what it is about."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from openal.commands._parser import Parser
from openal.commands._say import plural, say
from openal.project import Project
from openal.project._image_list import image_list

__all__ = ["main", "parser"]


def parser() -> Parser:
    """The arguments of `openal init`."""
    parser = Parser(
        "openal init",
        description="Begin a project: a folder with openal.toml, which all other commands read.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="the folder of the project; made if need be")
    add(
        "--images",
        required=True,
        metavar="IMAGES",
        help="a folder, a glob in quotes, or a CSV or Parquet file with a column of paths",
    )
    add("--classes", required=True, nargs="+", metavar="NAME", help="what you look for")
    add_settings(parser)
    return parser


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The settings that have a default."""
    add = parser.add_argument
    add("--encoder", metavar="NAME", help="what embeds the images (auto); see openal embed --help")
    add("--strategy", metavar="NAME", help="how images are chosen (KnownKMeans)")
    add("--budget", type=int, metavar="N", help="questions in a round (20)")
    add("--copies", metavar="HOW", help="of answered images: skip, ask, or a least cosine (skip)")


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
