"""Our own file of a CLIPN: the folded "no" tower alone, in safetensors, with its checksum."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from openal.errors import CheckpointError

__all__ = ["FORMAT", "base_norms", "metadata_of", "read_converted", "require_base", "tensors_of"]

FORMAT = "openal-clipn-"
VERSION = f"{FORMAT}1"
NORMS = "base_norms"
CLOSE = 1e-3  # half precision keeps a norm to better than this


def base_norms(base: Mapping[str, Tensor]) -> Tensor:
    """The length of each weight of a stock CLIP, by the order of their names."""
    return torch.stack([base[name].double().norm().float().cpu() for name in sorted(base)])


def tensors_of(no: Mapping[str, Tensor], norms: Tensor | None) -> dict[str, Tensor]:
    """What a converted file holds."""
    return {**no} if norms is None else {**no, NORMS: norms}


def metadata_of(
    tensors: Mapping[str, Tensor], model_name: str, hand_crafted: bool
) -> dict[str, str]:
    """What a converted file says about itself."""
    return {
        "format": VERSION,
        "model_name": model_name,
        "hand_crafted": str(hand_crafted),
        "sha256": _digest(tensors),
    }


def read_converted(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], model_name: str
) -> tuple[dict[str, Tensor], bool, Tensor | None]:
    """The "no" tower, whether it reads negated sentences, and the norms of its base if known."""
    if metadata["format"] != VERSION:
        raise CheckpointError(
            f"{path} has the format {metadata['format']!r}; this openal reads {VERSION!r}."
        )
    if metadata.get("model_name") != model_name:
        raise CheckpointError(
            f"{path} belongs to {metadata.get('model_name')!r}, not {model_name!r}."
        )
    if metadata.get("sha256") != _digest(tensors):
        raise CheckpointError(f"{path} is damaged: the checksum of its weights is wrong.")
    no = {name: value for name, value in tensors.items() if name != NORMS}
    return no, metadata.get("hand_crafted") == "True", tensors.get(NORMS)


def require_base(path: Path, norms: Tensor | None, base: Mapping[str, Tensor], source: str) -> None:
    """Refuse a base that the "no" tower was not trained with: its weights differ."""
    if norms is None:
        return
    found = base_norms(base)
    if found.shape != norms.shape or not torch.allclose(found, norms, rtol=CLOSE, atol=CLOSE):
        raise CheckpointError(
            f"{path} was converted from a CLIPN on another base than {source}; give the "
            f"pretrained that it was trained from, or the checkpoint itself."
        )


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
