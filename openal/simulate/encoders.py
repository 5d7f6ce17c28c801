"""Which network embeds the images of a recipe, and which texts go with it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from openal.errors import ArgumentError, OpenALError
from openal.files import content_of
from openal.learners import CLIP, CLIPN
from openal.pool import Pool
from openal.simulate.encode import check_encoder, encoded
from openal.simulate.labels import as_singles, read_array
from openal.simulate.pictures import Pictures

__all__ = ["NONE", "Embedder", "embedder_of"]

NONE = "none"
LARGEST_WEIGHTS = 2**40  # bytes
HUB = ("hf-hub:", "local-dir:")


@dataclass(frozen=True, eq=False)
class Embedder:
    """How images become embeddings: a name for it, the function, and the encoder of class names."""

    name: str
    embed: Callable[[np.ndarray, Path], np.ndarray]
    """(pixels [n, H, W, 3], a folder for what is computed once) -> float32 [n, D]."""

    texts: CLIP | CLIPN | None = None


def embedder_of(
    encoder: str | None, embeddings: Path | None, clipn: Path | None, rows: np.ndarray, count: int
) -> Embedder | None:
    """The one that the arguments name, or None; `rows` [n] of `count` images are embedded."""
    given = {"--encoder": encoder, "--embeddings": embeddings, "--clipn": clipn}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise ArgumentError(f"{' and '.join(named)} both say what the embeddings are; give one.")
    if clipn is not None:
        weights = _digest(content_of(clipn, largest=LARGEST_WEIGHTS))
        return _with_texts(f"CLIPN {weights}", CLIPN(clipn))
    if embeddings is not None:
        return _of_file(embeddings, rows, count)
    if encoder in (None, NONE):
        return None
    if encoder.startswith(HUB):
        return _with_texts(encoder, CLIP(encoder))
    model, slash, tag = encoder.partition("/")
    if slash:
        return _with_texts(encoder, CLIP(model, tag))
    check_encoder(encoder)
    return Embedder(encoder, lambda pixels, _: encoded(partial(Pictures, pixels), encoder))


def _with_texts(name: str, encoder: CLIP | CLIPN) -> Embedder:
    return Embedder(name, partial(_stored, encoder), encoder)


def _stored(encoder: Any, pixels: np.ndarray, folder: Path) -> np.ndarray:
    kept = replace(encoder, store=folder)
    try:
        return np.asarray(kept.stored(Pool(Pictures(pixels)))[:], np.float32)
    except OpenALError as error:
        raise ArgumentError(
            f"{error} Another --encoder, --embeddings FILE or --encoder none, which leaves out "
            f"what reads embeddings, does without."
        ) from error


def _of_file(path: Path, rows: np.ndarray, count: int) -> Embedder:
    vectors = read_array(path)
    if vectors.dtype.kind not in "fiu" or vectors.ndim != 2 or len(vectors) != count:
        found = f"{vectors.dtype} {list(vectors.shape)}"
        raise ArgumentError(f"{path} must hold real numbers [{count}, D], got {found}.")
    kept = as_singles(vectors[rows], path)
    return Embedder(f"{path.name} {_digest(kept.tobytes())}", lambda pixels, _: kept)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
