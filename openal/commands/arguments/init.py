"""The arguments of `openal init`."""

import argparse
from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["parser"]


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
