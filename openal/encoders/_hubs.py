"""Networks of timm and of torchvision as encoders, each with its own preparation of images."""

import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from openal._optional import optional
from openal._seeds import drawing_from
from openal.encoders._features import Features, ready
from openal.errors import ArgumentError, CheckpointError

__all__ = ["timm_encoder", "torchvision_encoder"]

Parts = tuple[Features, Callable[[Any], Tensor], dict[str, str]]


def timm_encoder(name: str, device: torch.device) -> Parts:
    """A network of timm by its name, with the weights and the preparation that timm gives it."""
    timm, data = (optional(module, f"timm:{name}") for module in ("timm", "timm.data"))
    if not timm.is_model(name):
        raise ArgumentError(f"timm has no network {name!r}; timm.list_models() has the names.")
    with drawing_from(0), torch.device("cpu"):
        network = _loaded(f"timm:{name}", lambda: timm.create_model(name, True, num_classes=0))
    settings = data.resolve_model_data_config(network)
    transform = data.create_transform(**settings, is_training=False)
    fingerprint = {
        "encoder": f"timm:{name}",
        "weights": str(network.pretrained_cfg.get("tag") or network.pretrained_cfg.get("url")),
        "preprocess": json.dumps(settings, sort_keys=True, default=str),
    }
    return ready(network, device), transform, fingerprint


def torchvision_encoder(name: str, device: torch.device) -> Parts:
    """A network of torchvision by its name, up to its last linear layer."""
    models = optional("torchvision.models", f"torchvision:{name}")
    if name not in models.list_models(module=models):
        raise ArgumentError(
            f"torchvision has no network {name!r}; torchvision.models.list_models() has the names."
        )
    weights = models.get_model_weights(name).DEFAULT
    with drawing_from(0), torch.device("cpu"):
        network = _loaded(f"torchvision:{name}", lambda: models.get_model(name, weights=weights))
    fingerprint = {
        "encoder": f"torchvision:{name}",
        "weights": str(weights),
        "preprocess": " ".join(str(weights.transforms()).split()),
    }
    return ready(_without_last(network, name), device), weights.transforms(), fingerprint


def _loaded(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # no network, no space, a wrong checksum, half an answer...
        why = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise CheckpointError(
            f"the weights of {name} cannot be had ({why}); --encoder offline needs no network."
        ) from error


def _without_last(network: nn.Module, name: str) -> nn.Module:
    """The network whose last linear layer hands on what it is given."""
    linear = [path for path, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ArgumentError(f"torchvision:{name} has no linear layer at its end to leave out.")
    owner, _, last = linear[-1].rpartition(".")
    setattr(network.get_submodule(owner), last, nn.Identity())
    return network
