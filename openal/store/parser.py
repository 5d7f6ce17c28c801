"""The arguments of `openal embed`."""

import argparse
from pathlib import Path

from openal.parser import Parser
from openal.store.shards import DTYPES

__all__ = ["parser"]


def parser() -> Parser:
    """The arguments of `openal embed`."""
    made = Parser(
        "openal embed",
        description="Compute the embeddings of all images in a folder once, and keep them.",
        epilog="Killed and started again with the same arguments, it goes on where it stopped.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("images", nargs="?", type=Path, metavar="IMAGES", help="a folder; those below count too")
    add("--out", type=Path, required=True, metavar="DIR", help="the store")
    add("--check", action="store_true", help="read a finished store, and say if it is intact")
    _add_encoder(made.add_argument_group("encoder"))
    _add_speed(made.add_argument_group("how to compute"))
    return made


def _add_encoder(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", metavar="NAME", help="an image-text model of open_clip, such as ViT-B-16")
    add("--pretrained", metavar="TAG", help="its weights: a tag of open_clip, or a file")
    add(
        "--encoder",
        metavar="MODULE:FUNCTION",
        help="your own: FUNCTION(device) returns (encode, transform, fingerprint); it is run",
    )
    add("--dtype", choices=[*DTYPES], help="of the embeddings (float16)")


def _add_speed(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--batch-size", type=int, metavar="N", help="images at a time (256; on a CPU 32)")
    add("--shard-rows", type=int, metavar="N", help="images per file (4096)")
    add("--workers", type=int, metavar="N", help="processes that decode (the free cores, up to 8)")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1, ... (a GPU where there is one)")
    add("--part", default="0/1", metavar="I/N", help="the shards of one process of N, from 0/N")
