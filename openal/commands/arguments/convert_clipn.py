"""The arguments of `openal convert-clipn`."""

from pathlib import Path

from openal.commands._parser import Parser

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal convert-clipn`."""
    parser = Parser(
        "openal convert-clipn",
        description="Keep the folded 'no' text tower of a CLIPN checkpoint, as safetensors.",
        allow_abbrev=False,
    )
    parser.add_argument("checkpoint", type=Path, help="a CLIPN checkpoint (.pt)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.safetensors", help="the file to write"
    )
    parser.add_argument("--model-name", default="ViT-B-16", help="of open_clip (%(default)s)")
    return parser
