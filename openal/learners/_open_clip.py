"""Image-text models of open_clip: loaded once per process, and their image towers."""

import difflib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from openal._optional import optional
from openal._seeds import drawing_from
from openal.errors import ArgumentError, CheckpointError, MissingPackageError
from openal.learners._weight_files import Stamp, require_no_pickle

__all__ = [
    "PRECISIONS",
    "ImageText",
    "ImageTower",
    "ImagesOnly",
    "as_image",
    "check_model",
    "load_image_text",
    "preparation",
    "tokenizer_of",
]

PRECISIONS = (None, "fp32", "bf16")
FAST_BF16 = (8, 0)
"""The compute capability from which on a GPU has bfloat16 of its own."""


@dataclass(frozen=True)
class ImagesOnly:
    """A model's own preparation of pictures; anything else is refused."""

    transform: Callable[[Any], Tensor]

    def __call__(self, x: Any) -> Tensor:
        """The prepared image [3, H, W]."""
        return self.transform(as_image(x))


def as_image(x: Any) -> Any:
    """An input as a PIL image: one, or a float tensor [3, H, W] in [0, 1]; others are refused."""
    from PIL import Image

    if isinstance(x, Image.Image):
        return x
    if not isinstance(x, Tensor) or not _is_picture(x):
        raise ArgumentError(
            f"items must hold PIL images, or float tensors [3, H, W] in [0, 1], got {_told(x)}. "
            f"Where the items are for another network, give the encoder the pictures, "
            f"CLIP(..., items=pictures), or the pool the pictures and the network what makes "
            f"tensors of them, query(..., model=Model(network, transform=...)). For tensors that "
            f"went through the model's own preprocessing give preprocess=False."
        )
    pixels = (x.detach().float() * 255).round().to(torch.uint8).cpu()
    return Image.fromarray((pixels.permute(1, 2, 0) if len(x) == 3 else pixels[0]).numpy())


def _is_picture(x: Tensor) -> bool:
    """Whether it has one or three channels of floats from 0 to 1; NaN is none of these."""
    shaped = x.is_floating_point() and x.ndim == 3 and len(x) in (1, 3) and x.numel() > 0
    return shaped and bool(((x >= 0) & (x <= 1)).all())


def _told(x: Any) -> str:
    if not isinstance(x, Tensor):
        return type(x).__name__
    kind = f"a tensor {str(x.dtype).removeprefix('torch.')} {list(x.shape)}"
    if not x.is_floating_point() or not x.numel():
        return kind
    return f"{kind} from {float(x.min()):.3g} to {float(x.max()):.3g}"


@dataclass(frozen=True, eq=False)
class ImageTower:
    """Embeddings [B, D] of prepared images, of unit length in float32."""

    network: Any  # has encode_image
    precision: str | None

    def __call__(self, x: Tensor) -> Tensor:
        """The embeddings of a batch, on its device."""
        if x.ndim == 4:  # the layout in which convolutions are fastest; the weights have it too
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), _autocast(x.device, self.precision):
            z: Tensor = self.network.encode_image(x)
        return normalize(z.float(), dim=1)


def preparation(
    network: Any, preprocess: bool, precision: str | None, device: torch.device
) -> dict[str, str]:
    """What else than its weights decides a network's embeddings, for a fingerprint."""
    from open_clip import get_model_preprocess_cfg

    settings = json.dumps(get_model_preprocess_cfg(network), sort_keys=True, default=str)
    return {
        "preprocess": settings if preprocess else "before openal",
        "precision": _resolved(device, precision),
    }


def _autocast(device: torch.device, precision: str | None) -> AbstractContextManager[Any]:
    if _resolved(device, precision) == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def _resolved(device: torch.device, precision: str | None) -> str:
    """bfloat16 where it was asked for, or where it is fast and nothing was asked for."""
    fast = device.type == "cuda" and torch.cuda.get_device_capability(device) >= FAST_BF16
    return precision or ("bf16" if fast else "fp32")


SCHEMAS = ("hf-hub:", "local-dir:")


@dataclass(frozen=True, eq=False)
class ImageText:
    """A loaded model: what embeds images and texts, and what prepares an image for it."""

    network: Any  # has encode_image and encode_text
    preprocess: Callable[[Any], Tensor]  # a PIL image -> [3, H, W]


def check_model(model_name: Any, pretrained: Any) -> None:
    """Refuse names that cannot lead to pretrained weights; nothing is loaded."""
    if not isinstance(model_name, str) or not model_name:
        raise ArgumentError(f"model_name must be a name, got {model_name!r}.")
    if model_name.startswith(SCHEMAS):
        if pretrained is not None:
            raise ArgumentError(f"{model_name} brings its weights; leave pretrained out.")
    elif not isinstance(pretrained, str | Path) or not str(pretrained):
        raise ArgumentError(
            f"pretrained must be a tag of open_clip or the path of a checkpoint, got "
            f"{pretrained!r}; random weights embed nothing."
        )


@lru_cache(maxsize=2)
def load_image_text(
    model_name: str, pretrained: str | None, stamp: Stamp, device: torch.device
) -> ImageText:
    """The model on the device; `stamp` changes with the file, so that a new file is read."""
    open_clip = optional("open_clip", f"the CLIP {model_name!r}")
    if not model_name.startswith(SCHEMAS):
        _require_known(open_clip, model_name, pretrained)
    for path in stamp.paths:
        require_no_pickle(path)
    if device.type == "cuda":
        torch.cuda.init()  # only then is there a random state of the GPU to put back
    try:
        with drawing_from(0), torch.device("cpu"):  # weights are drawn before they are loaded
            network, preprocess = open_clip.create_model_from_pretrained(
                model_name, pretrained, weights_only=True
            )
    except Exception as error:
        source = model_name if pretrained is None else f"{model_name} / {pretrained}"
        raise CheckpointError(f"{source} cannot be loaded: {_first_line(error)}") from error
    return ImageText(ready(network, device), preprocess)


def ready(network: nn.Module, device: torch.device) -> nn.Module:
    """The module on the device in evaluation mode, its weights fixed."""
    network = network.to(device).to(memory_format=torch.channels_last)
    return network.eval().requires_grad_(False)


def _require_known(open_clip: Any, model_name: str, pretrained: str | None) -> None:
    models = open_clip.list_models()
    name = model_name.replace("/", "-")
    if name not in models:
        close = difflib.get_close_matches(name, models, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see list_models()."
        raise ArgumentError(f"open_clip has no model {model_name!r}; {hint}")
    tags = open_clip.list_pretrained_tags_by_model(name)
    known = any(str(pretrained).lower().replace("-", "_") == tag.lower() for tag in tags)
    if not known and not Path(str(pretrained)).is_file():
        found = f"its tags are {', '.join(map(repr, tags))}" if tags else "it has no tags"
        raise ArgumentError(
            f"pretrained={pretrained!r} is neither a file nor a tag of {model_name!r}; {found}."
        )


@lru_cache(maxsize=4)
def tokenizer_of(model_name: str) -> Any:
    """What makes tokens of texts, for the text tower of a model of open_clip."""
    open_clip = optional("open_clip", f"the tokenizer of {model_name}")
    try:
        return open_clip.get_tokenizer(model_name)
    except ImportError as error:
        raise MissingPackageError(
            f"the tokenizer of {model_name} needs another package ({error}); "
            f"pip install transformers sentencepiece"
        ) from error
    except Exception as error:
        raise CheckpointError(
            f"the tokenizer of {model_name} cannot be loaded: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
