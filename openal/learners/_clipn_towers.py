"""The towers of a CLIPN, all of them stock modules of open_clip, with weights from a file."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from openal.learners._clipn_files import read_clipn, require_base, stock_model
from openal.learners._open_clip import ImageText, load_image_text, ready
from openal.learners._weight_files import Stamp, stamp_of

__all__ = ["Towers", "load_towers"]


@dataclass(frozen=True, eq=False)
class Towers:
    """Image tower and "yes" text tower as one CLIP, and the "no" text tower."""

    base: ImageText
    no: Any  # has encode_text
    hand_crafted: bool


@lru_cache(maxsize=2)
def load_towers(
    checkpoint: Path, model_name: str, pretrained: str, stamp: Stamp, device: torch.device
) -> Towers:
    """The towers on the device; `stamp` changes with the files, so that new ones are read."""
    weights = read_clipn(checkpoint, model_name)
    no = ready(_text_tower(model_name, weights.no), device)
    if weights.base is not None:
        network = ready(_filled(stock_model(model_name), weights.base), device)
        return Towers(ImageText(network, _preprocess(network)), no, weights.hand_crafted)
    base = load_image_text(model_name, pretrained, stamp_of([Path(pretrained)]), device)
    source = f"{model_name} / {pretrained}"
    require_base(checkpoint, weights.base_norms, base.network.state_dict(), source)
    return Towers(base, no, weights.hand_crafted)


def _text_tower(model_name: str, weights: dict[str, Tensor]) -> Any:
    tower = stock_model(model_name)
    del tower.visual, tower.logit_scale
    return _filled(tower, weights)


def _filled(model: Any, weights: dict[str, Tensor]) -> Any:
    """The model with these weights, and no others, and its causal mask."""
    model.load_state_dict(weights, strict=True, assign=True)
    if model.attn_mask is not None:  # it is not among the weights
        shape, kind = model.attn_mask.shape, torch.float32
        model.attn_mask = torch.full(shape, -torch.inf, dtype=kind, device="cpu").triu_(1)
    return model


def _preprocess(network: Any) -> Any:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    return image_transform_v2(PreprocessCfg(size=network.visual.image_size), is_train=False)
