"""An encoder by its name: clip:MODEL/TAG, hub:..., timm:NAME, torchvision:NAME or offline."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from openal.encoders._hubs import timm_encoder, torchvision_encoder
from openal.encoders._offline import offline_encoder
from openal.errors import ArgumentError
from openal.learners.clip import CLIP

__all__ = ["EncoderParts", "clip_named", "encoder_named", "is_encoder_name"]

EncoderParts = tuple[Callable[[Tensor], Tensor], Callable[[Any], Any], Mapping[str, str]]
"""How a batch is encoded, how an image becomes its input, and what both must be to go on."""

KINDS = ("clip", "hub", "timm", "torchvision")


def is_encoder_name(name: str) -> bool:
    """Whether a name is of an encoder that openal knows; MODULE:FUNCTION is none.

    >>> is_encoder_name("timm:resnet18"), is_encoder_name("offline"), is_encoder_name("mine:make")
    (True, True, False)
    """
    kind, colon, rest = name.partition(":")
    return kind == "offline" or (kind in KINDS and bool(colon and rest))


def encoder_named(name: str, device: torch.device) -> EncoderParts:
    """What `openal.store.build_store` takes, of a named encoder; its weights are loaded.

    - `offline`: EfficientNet-Lite0 of the extra openal[offline]; `offline:128` sees images in
      128 x 128 pixels, in a third of the time.
    - `clip:MODEL/TAG`: a model of open_clip and the tag of its weights.
    - `hub:OWNER/NAME`: a model of open_clip on the hub of Hugging Face.
    - `timm:NAME`, `torchvision:NAME`: a network of these packages, without its last layer.

    How images are prepared comes from the model. Raises an ArgumentError for another name, a
    CheckpointError where weights cannot be had.
    """
    clip = clip_named(name, device)
    if clip is not None:
        return clip.image_encoder()
    kind, _, rest = name.partition(":")
    if kind == "timm":
        return timm_encoder(rest, device)
    if kind == "torchvision":
        return torchvision_encoder(rest, device)
    if kind == "offline":
        return offline_encoder(device, rest)
    raise ArgumentError(
        f"there is no encoder {name!r}: offline, clip:MODEL/TAG, hub:OWNER/NAME, timm:NAME, "
        f"torchvision:NAME or MODULE:FUNCTION was expected."
    )


def clip_named(name: str, device: torch.device | None = None) -> CLIP | None:
    """The image-text model that a name stands for; None where the encoder knows no texts."""
    kind, _, rest = name.partition(":")
    if kind == "hub" and rest:
        return CLIP(f"hf-hub:{rest}", device=device)
    if kind == "clip" and rest:
        model, slash, tag = rest.partition("/")
        return CLIP(model, tag if slash else None, device=device)
    return None
