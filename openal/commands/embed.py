"""`openal embed`: the embeddings of a folder of images, computed once."""

import argparse
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from openal._image_folder import ImageFiles, image_files
from openal._image_reader import reading_of
from openal.commands._functions import named_function
from openal.commands._parser import Parser, add_reading
from openal.errors import ArgumentError
from openal.learners.clip import CLIP
from openal.store import build_store
from openal.store._files import DTYPES
from openal.store.embeddings import Embeddings
from openal.store.images import Images

__all__ = ["EncoderParts", "main", "parser"]

EncoderParts = tuple[Callable[[Tensor], Tensor], Callable[[Any], Any], Mapping[str, str]]
"""How a batch is encoded, how an image becomes its input, and what both must be to go on."""


def parser() -> Parser:
    """The arguments of `openal embed`."""
    parser = Parser(
        "openal embed",
        description="Compute the embeddings of all images in a folder once, and keep them.",
        epilog="Killed and started again with the same arguments, it goes on where it stopped.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("images", nargs="?", type=Path, metavar="IMAGES", help="a folder; those below count too")
    add("--out", type=Path, required=True, metavar="DIR", help="the store")
    add("--check", action="store_true", help="read a finished store, and say if it is intact")
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


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    given = parser().parse_args(argv)
    if given.check:
        return _checked(given.out)
    if given.images is None:
        raise ArgumentError("IMAGES is missing: a folder of images.")
    part, device, files = _part(given.part), _device(given.device), _files(given)
    encode, transform, fingerprint = _encoder(given, device)
    images = Images(given.images, files.names, transform, reading_of(given.max_pixels, given.bits))
    if files.left_out:
        _say([files.summary()])  # before hours of work
    store = build_store(
        given.out,
        images,
        encode,
        fingerprint=fingerprint if given.bits is None else {**fingerprint, "bits": f"{given.bits}"},
        identities=images.identities(),
        part=part,
        dtype=given.dtype,
        shard_rows=given.shard_rows,
        batch_size=given.batch_size,
        workers=_free_cores() if given.workers is None else given.workers,
        device=device,
    )
    _say([*_about(store, files.names), *images.notes.lines(files.names)])
    return 0


def _files(given: Namespace) -> ImageFiles:
    files = image_files(given.images, besides=[given.out])
    if not files.names:
        raise ArgumentError(f"{given.images} holds no images. {files.omissions()}".strip())
    return files


def _encoder(given: Namespace, device: torch.device) -> EncoderParts:
    if (given.model is None) == (given.encoder is None):
        raise ArgumentError("one of --model and --encoder must name what embeds the images.")
    if given.encoder is None:
        return CLIP(given.model, given.pretrained, device=device).image_encoder()
    return _own(given.encoder, device)


def _about(store: Embeddings, names: Sequence[str]) -> list[str]:
    """What a store holds, and which images it lacks."""
    missing = f"; {store.missing} rows are missing" if store.missing else ""
    lines = [f"{store.folder}: {len(store)} x {store.shape[1]}, {store.dtype}{missing}"]
    if store.reasons:
        lines.append(f"{len(store.reasons)} images could not be read; every query leaves them out:")
    return lines + [f"  {names[index]}: {why}" for index, why in store.reasons.items()]


def _say(lines: Sequence[str]) -> None:
    for line in lines:  # a name may hold anything
        sys.stdout.write(f"{line if line.isprintable() else ascii(line)}\n")
    sys.stdout.flush()


def _checked(folder: Any) -> int:
    store = Embeddings(folder)
    store.verify()
    sys.stdout.write(f"{store.folder}: intact, {store.shape[0]} x {store.shape[1]}\n")
    return 0


def _own(name: str, device: torch.device) -> EncoderParts:
    """The encoder of the user's own function, which is run."""
    parts = named_function(name, "--encoder")(device)
    if not isinstance(parts, tuple) or len(parts) != 3:
        raise ArgumentError(f"{name} must return (encode, transform, fingerprint), got {parts!r}.")
    return parts


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch("([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None:
        raise ArgumentError(f"--part must be I/N, such as 0/4, got {text!r}.")
    return int(match[1]), int(match[2])


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ArgumentError(f"--device {name} cannot be used: {error!s:.200}") from error
    return device


def _free_cores() -> int:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(8, cores - 1)
