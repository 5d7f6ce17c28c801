"""The arguments of `openal query`."""

from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal query`."""
    parser = Parser(
        "openal query",
        description="Choose the images to ask about next. While a round has images without an "
        "answer, it is shown again.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--budget", type=int, metavar="N", help="how many (of the project: 20)")
    add("--strategy", metavar="NAME", help="how they are chosen (of the project: KnownKMeans)")
    add("--seed", type=int, metavar="N", help="the same seed, the same images (a fresh one)")
    add("--replaced", action="store_true", help="ask again where the image was replaced since")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help="the images as CSV, with an empty column class to fill in for openal import; or JSON",
    )
    return parser
