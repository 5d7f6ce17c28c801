"""`openal embed`: the embeddings of a folder of images, computed once."""

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.store.embeddings import Embeddings
from openal.store.filling import fill
from openal.store.images import Images, image_names
from openal.store.parser import parser

__all__ = ["EncoderParts", "main"]

EncoderParts = tuple[Callable[[Tensor], Tensor], Callable[[Any], Any], Mapping[str, str]]
"""How a batch is encoded, how an image becomes its input, and what both must be to go on."""

Model = Callable[[str, str | None, torch.device], EncoderParts]
"""The encoder of a model's name and its weights, on a device."""


def main(arguments: Sequence[str], model: Model) -> int:
    """Run the command; `model` makes an encoder of --model and --pretrained on a device."""
    given = parser().parse_args(arguments)
    if given.check:
        return _checked(given.out)
    if given.images is None:
        raise ArgumentError("IMAGES is missing: a folder of images.")
    part, device, names = _part(given.part), _device(given.device), image_names(given.images)
    encode, transform, fingerprint = _encoder(given, model, device)
    images = Images(given.images, names, transform)
    store = fill(
        given.out,
        images,
        encode,
        fingerprint=fingerprint,
        identities=images.identities(),
        part=part,
        dtype=given.dtype,
        shard_rows=given.shard_rows,
        batch_size=given.batch_size,
        workers=_free_cores() if given.workers is None else given.workers,
        device=device,
    )
    _tell(store, names)
    return 0


def _encoder(given: Namespace, model: Model, device: torch.device) -> EncoderParts:
    if (given.model is None) == (given.encoder is None):
        raise ArgumentError("one of --model and --encoder must name what embeds the images.")
    if given.encoder is None:
        return model(given.model, given.pretrained, device)
    return _own(given.encoder, device)


def _tell(store: Embeddings, names: Sequence[str]) -> None:
    missing = f"; {store.missing} rows are missing" if store.missing else ""
    lines = [f"{store.folder}: {len(store)} x {store.shape[1]}, {store.dtype}{missing}"]
    if store.reasons:
        lines.append(f"{len(store.reasons)} images could not be read; every query leaves them out:")
    lines += [f"  {names[index]}: {why}" for index, why in store.reasons.items()]
    for line in lines:  # a name may hold anything
        sys.stdout.write(f"{line if line.isprintable() else ascii(line)}\n")


def _checked(folder: Any) -> int:
    store = Embeddings(folder)
    store.verify()
    sys.stdout.write(f"{store.folder}: intact, {store.shape[0]} x {store.shape[1]}\n")
    return 0


def _own(name: str, device: torch.device) -> EncoderParts:
    """The encoder of the user's own function, which is run."""
    module, _, function = name.partition(":")
    try:
        made = getattr(import_module(module), function)
    except (ImportError, ValueError, AttributeError) as error:
        raise ArgumentError(f"--encoder {name} is not there: {error}.") from error
    parts = made(device)
    if not isinstance(parts, tuple) or len(parts) != 3:
        raise ArgumentError(f"{name} must return (encode, transform, fingerprint), got {parts!r}.")
    return parts


def _part(text: str) -> tuple[int, int]:
    found = re.fullmatch("([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None:
        raise ArgumentError(f"--part must be I/N, such as 0/4, got {text!r}.")
    return int(found[1]), int(found[2])


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
