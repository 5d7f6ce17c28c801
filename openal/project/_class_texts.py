"""The classes of a project as texts, beside other words, where its encoder knows texts."""

import json
import warnings
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from openal._files import write_whole
from openal.encoders.named import clip_named
from openal.errors import ArgumentError, OpenALError

__all__ = ["class_texts", "knows_texts"]

Texts = tuple[Tensor, Tensor]


def knows_texts(encoder: str | None) -> bool:
    """Whether an encoder embeds texts into the space of its images."""
    return encoder is not None and encoder.startswith(("clip:", "hub:"))


def class_texts(encoder: str | None, classes: tuple[str, ...], folder: Path) -> Texts | None:
    """Embeddings of the class names [K, D] and of many common nouns [M, D].

    They are kept in `folder`, so that the network is loaded once. None where the encoder knows
    no texts, or none of these classes, or where its weights are gone: a warning says why, and the
    images alone say where to begin.
    """
    if encoder is None or not knows_texts(encoder):
        return None
    key = sha256(json.dumps([encoder, classes]).encode()).hexdigest()[:12]
    path = folder / f"texts-{key}.safetensors"
    kept = _kept(path)
    if kept is not None:
        return kept
    try:
        texts = _embedded(encoder, classes)
    except OpenALError as error:
        warnings.warn(f"the class names are not used as texts: {error}", stacklevel=2)
        return None
    write_whole(path, save(dict(zip(("classes", "others"), texts, strict=True))))
    return texts


def _kept(path: Path) -> Texts | None:
    try:
        kept = load_file(path)
        return kept["classes"], kept["others"]
    except (OSError, SafetensorError, KeyError):  # none yet, or not what was written
        return None


def _embedded(encoder: str, classes: tuple[str, ...]) -> Texts:
    clip = clip_named(encoder, torch.device("cpu"))
    if clip is None:
        raise ArgumentError(f"{encoder} knows no texts.")
    return clip.texts(classes)
