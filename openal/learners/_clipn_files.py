"""Files of CLIPN's weights: the authors' checkpoints, and our own of the folded "no" tower."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from openal._optional import optional
from openal.errors import ArgumentError, CheckpointError
from openal.learners._weight_files import read_weights

__all__ = [
    "FORMAT",
    "Weights",
    "base_norms",
    "metadata_of",
    "read_clipn",
    "read_converted",
    "require_base",
    "stock_shapes",
    "tensors_of",
    "text_names",
]

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


PROMPTS = "prompt_no"
PREFIX = "module."  # of DistributedDataParallel, in which CLIPN is trained

OWN = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"}
FOREIGN = (("vision_cfg", "timm_model_name"), ("text_cfg", "hf_model_name"))

Shapes = Mapping[str, torch.Size]


class Weights(NamedTuple):
    """The weights of a CLIPN, by the names and in the shapes of a stock CLIP, in float32."""

    no: dict[str, Tensor]  # the "no" text tower, with its prompts folded in
    base: dict[str, Tensor] | None  # image tower and "yes" text tower; None: not in the file
    hand_crafted: bool  # reads negated sentences, and has no prompts of its own
    base_norms: Tensor | None = None  # of the base that a converted file belongs to, by name


def stock_shapes(model_name: str) -> Shapes:
    """The names and shapes of the weights of a CLIP of open_clip."""
    return {name: each.shape for name, each in stock_model(model_name).state_dict().items()}


def stock_model(model_name: str) -> Any:
    """A CLIP of open_clip without memory for its weights."""
    open_clip = optional("open_clip", "CLIPN")
    config = open_clip.get_model_config(model_name)
    if config is None:
        raise ArgumentError(f"open_clip has no model {model_name!r}; CLIPN's is 'ViT-B-16'.")
    if not set(config) <= OWN or any(key in config[part] for part, key in FOREIGN):
        raise ArgumentError(f"CLIPN needs a CLIP with open_clip's own towers, not {model_name!r}.")
    with torch.device("meta"):
        return open_clip.CLIP(**config)


def text_names(shapes: Shapes) -> tuple[str, ...]:
    """The names that belong to the text tower."""
    return tuple(name for name in shapes if not name.startswith(("visual.", "logit_")))


def read_clipn(path: Path, model_name: str) -> Weights:
    """The weights in a checkpoint of CLIPN, or in our own conversion of one, all checked."""
    content, metadata = read_weights(path)
    shapes = stock_shapes(model_name)
    text = {name: shapes[name] for name in text_names(shapes)}
    if metadata.get("format", "").startswith(FORMAT):
        no, hand_crafted, norms = read_converted(path, content, metadata, model_name)
        return Weights(checked(path, no, text), None, hand_crafted, norms)
    state = _state(path, content)
    no = {name: value for name, value in state.items() if _is_no(name)}
    rest = {name: value for name, value in state.items() if name not in no}
    if not no:
        raise CheckpointError(
            f"{path} has no 'no' text tower (no tensor named *_no): it is not of a CLIPN."
        )
    wanted = {_no_name(name): shape for name, shape in text.items()}
    hand_crafted = PROMPTS not in no
    if not hand_crafted:
        wanted[PROMPTS] = _prompt_shape(no[PROMPTS], text["positional_embedding"])
    tower = _folded(checked(path, no, wanted), text)
    base = checked(path, rest, shapes) if rest else None
    if base is not None and all(tower[name].equal(base[name]) for name in text):
        raise CheckpointError(f"{path} has a no tower identical to its yes tower: untrained.")
    return Weights(tower, base, hand_crafted)


def _state(path: Path, content: Any) -> dict[str, Tensor]:
    """The tensors by name, as `torch.save` was given them, without the prefix of DDP."""
    if isinstance(content, Mapping) and "state_dict" in content:
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{path} holds no state_dict, but {type(content).__name__}.")
    if all(isinstance(name, str) and name.startswith(PREFIX) for name in content):
        content = {name.removeprefix(PREFIX): value for name, value in content.items()}
    return {str(name): value for name, value in content.items()}


def _is_no(name: str) -> bool:
    return name.partition(".")[0].endswith("_no")


def _no_name(name: str) -> str:
    first, dot, rest = name.partition(".")
    return f"{first}_no{dot}{rest}"


def _prompt_shape(prompts: Any, positions: torch.Size) -> torch.Size:
    """As many prompts as there are, each as long and wide as the positional embedding."""
    count = len(prompts) if isinstance(prompts, Tensor) and prompts.ndim else 0
    return torch.Size([max(1, count), *positions])


def _folded(no: dict[str, Tensor], text: Shapes) -> dict[str, Tensor]:
    """The tower by stock names. In evaluation the mean prompt is added to token and position."""
    tower = {name: no[_no_name(name)] for name in text}
    if PROMPTS in no:
        position = tower["positional_embedding"].double() + no[PROMPTS].double().mean(dim=0)
        tower["positional_embedding"] = position.float()
    return tower


def checked(path: Path, found: Mapping[str, Any], wanted: Shapes) -> dict[str, Tensor]:
    """Exactly the wanted tensors, finite, as float32; everything else is refused by name."""
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    for what, names in (("is missing", missing), ("is not of this model", extra)):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise CheckpointError(f"{path}: {names[0]!r}{more} {what}.")
    return {name: _tensor(path, name, found[name], shape) for name, shape in wanted.items()}


def _tensor(path: Path, name: str, value: Any, shape: torch.Size) -> Tensor:
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.is_sparse:
        raise CheckpointError(f"{path}: {name!r} must be a dense float tensor, got {value!r:.60}.")
    if value.shape != shape:
        found = f"{list(value.shape)} instead of {list(shape)}"
        raise CheckpointError(f"{path}: {name!r} has the shape {found}.")
    weight: Tensor = value.detach().to(torch.float32, copy=True)
    if not weight.isfinite().all():
        raise CheckpointError(f"{path}: {name!r} holds NaN or infinity.")
    return weight
