"""Images as embeddings: thumbnails, features of a network, or what a file or a store holds."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from openal._files import content_of
from openal._image_reader import Reading, read_image
from openal._optional import optional
from openal.errors import ArgumentError, OpenALError
from openal.learners import CLIP, CLIPN
from openal.model import Model
from openal.pool import Pool
from openal.simulate.classes import closest
from openal.simulate.datasets._array_files import as_singles, read_array
from openal.simulate.datasets._folders import Pictures
from openal.store.embeddings import Embeddings

__all__ = ["NONE", "PIXELS", "Embedder", "ImagesOnDisk", "check_encoder", "embedder_of", "encoded"]

PIXELS = "pixels"
THUMBNAIL = 16


@dataclass(frozen=True)
class ImagesOnDisk(Dataset[Any]):
    """The image files at `paths` as what `transform` makes of them."""

    paths: Sequence[Path]
    transform: Callable[[Any], Tensor]
    reading: Reading | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        path = self.paths[index]
        try:
            return self.transform(read_image(path, self.reading)[0])
        except Exception as error:  # a broken file may raise nearly anything
            raise ArgumentError(f"{path} cannot be read as an image: {error}") from error


def check_encoder(name: str) -> None:
    """Refuse an encoder that does not exist; nothing is downloaded."""
    models = optional("torchvision.models", f"the encoder {name!r}")
    names = [PIXELS, *models.list_models(module=models)]
    if name not in names:
        raise ArgumentError(f"unknown encoder {name!r}{closest(name, names)}")


def encoded(
    images_as: Callable[[Callable[[Any], Tensor]], Dataset[Any]], encoder: str
) -> np.ndarray:
    """The embeddings float32 [n, D] of images; `images_as(transform)` is the data set of them.

    "pixels" takes thumbnails of 16 x 16 pixels less their mean; any other name is a network of
    torchvision, whose features before the last linear layer are taken.
    """
    if encoder == PIXELS:
        images: Any = images_as(_thumbnail)
        vectors = torch.stack([images[index] for index in range(len(images))])
        return (vectors - vectors.mean(dim=0)).numpy()
    module, transform = _pretrained(encoder)
    module = module.to("cuda" if torch.cuda.is_available() else "cpu")
    pool = Pool(images_as(transform))
    try:
        signals = Model(module).signals(pool, np.arange(len(pool)), ("features",))
    except ArgumentError as error:  # the data set's own words, without those around them
        raise error.__cause__ if isinstance(error.__cause__, ArgumentError) else error from None
    return np.asarray(signals["features"].cpu().numpy())


def _thumbnail(image: Any) -> Tensor:
    small = np.asarray(image.resize((THUMBNAIL, THUMBNAIL)), np.float32)
    return torch.from_numpy(small.ravel() / 255)


def _pretrained(name: str) -> tuple[torch.nn.Module, Callable[[Any], Tensor]]:
    models = optional("torchvision.models", f"the encoder {name!r}")
    weights = models.get_model_weights(name).DEFAULT
    try:
        module = models.get_model(name, weights=weights, progress=sys.stderr.isatty())
    except Exception as error:  # no network, no space, a wrong checksum, half an answer...
        raise ArgumentError(
            f"the weights of {name!r} could not be downloaded ({error}); use --encoder pixels."
        ) from error
    return module, weights.transforms()


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
    vectors = _in_order(Embeddings(path)) if path.is_dir() else read_array(path)
    if vectors.dtype.kind not in "fiu" or vectors.ndim != 2 or len(vectors) != count:
        given = f"{vectors.dtype} {list(vectors.shape)}"
        raise ArgumentError(f"{path} must hold real numbers [{count}, D], got {given}.")
    kept = as_singles(np.asarray(vectors[rows]), path)
    return Embedder(f"{path.name} {_digest(kept.tobytes())}", lambda pixels, _: kept)


def _in_order(store: Embeddings) -> Embeddings:
    """The store, if its rows are in the order of the names of images that are there."""
    names = store.names or ()
    if len(store.retired) or [*names] != sorted(names, key=lambda name: name.split("/")):
        raise ArgumentError(
            f"{store.folder} has grown or lost images, so its rows are not in the order of names: "
            f"embed the images to another store."
        )
    return store


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
