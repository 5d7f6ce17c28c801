"""The arguments of `openal embed`."""

import argparse
from pathlib import Path

from openal.commands._choices import DTYPES
from openal.commands._parser import Parser, add_reading

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal embed`."""
    parser = Parser(
        "openal embed",
        description="Compute the embeddings of all images in a folder once, and keep them. Without "
        "IMAGES: those of the project in this folder or above it.",
        epilog="Killed and started again with the same arguments, it goes on where it stopped. "
        "Started again later, it takes in what is new, gone, renamed, replaced or repaired.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("images", nargs="?", type=Path, metavar="IMAGES", help="a folder; those below count too")
    add("--out", type=Path, metavar="DIR", help="the store (IMAGES-embeddings)")
    add("--check", action="store_true", help="read a finished store, and say if it is intact")
    add("--reread", action="store_true", help="read all images, also of unchanged size and times")
    add_reading(parser.add_argument_group("how files are read"))
    _add_encoder(parser.add_argument_group("encoder"))
    _add_speed(parser.add_argument_group("how to compute"))
    return parser


def _add_encoder(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", metavar="NAME", help="an image-text model of open_clip, such as ViT-B-16")
    add("--pretrained", metavar="TAG", help="its weights: a tag of open_clip, or a file")
    add(
        "--encoder",
        metavar="NAME",
        help="offline, clip:MODEL/TAG, hub:OWNER/NAME, timm:NAME, torchvision:NAME; or your own, "
        "MODULE:FUNCTION: FUNCTION(device) returns (encode, transform, fingerprint); it is run. "
        "Without: CLIP from the cache or the network, else offline",
    )
    add("--dtype", choices=DTYPES, help="of the embeddings (float16)")


def _add_speed(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--batch-size", type=int, metavar="N", help="images at a time (256; on a CPU 32)")
    add("--shard-rows", type=int, metavar="N", help="images per file (4096; of a project 512)")
    add("--workers", type=int, metavar="N", help="processes that decode (the free cores, up to 8)")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1, ... (a GPU where there is one)")
    add("--part", default="0/1", metavar="I/N", help="the shards of one process of N, from 0/N")
