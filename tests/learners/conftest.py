"""Image-text models small enough to make: the structure of the real ones, with random weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

VISION = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16}
TEXT = {"context_length": 24, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2}
CONFIGS: dict[str, dict[str, Any]] = {
    "tiny-clip": {"embed_dim": 24, "vision_cfg": VISION, "text_cfg": TEXT},
    "narrow-clip": {  # the layers of ViT-B-16
        "embed_dim": 8,
        "vision_cfg": {**VISION, "layers": 12},
        "text_cfg": {**TEXT, "width": 8, "layers": 12},
    },
    "tiny-bidirectional": {  # as SigLIP's: a text tower of its own, pooled at the last token
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": VISION,
        "text_cfg": {**TEXT, "no_causal_mask": True, "proj_bias": True, "pool_type": "last"},
    },
}


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The names of the small models, known to open_clip from now on."""
    import open_clip

    folder = tmp_path_factory.mktemp("configs")
    for name, config in CONFIGS.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    return tuple(CONFIGS)


def random_weights(shapes: dict[str, torch.Size], seed: int) -> dict[str, Tensor]:
    """Weights of these shapes, large enough that every part of the model matters."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=generator) * 0.3 + float("ln_" in name)
        for name, shape in shapes.items()
    }


@pytest.fixture(scope="session")
def base_weights(tiny_models: tuple[str, ...]) -> Callable[[str], dict[str, Tensor]]:
    """Random weights of a small model by its name, always the same."""
    import open_clip

    def weights(name: str) -> dict[str, Tensor]:
        model = open_clip.create_model(name, load_weights=False)
        return random_weights({key: each.shape for key, each in model.state_dict().items()}, 0)

    return weights


@pytest.fixture(scope="session")
def base_file(
    base_weights: Callable[[str], dict[str, Tensor]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The file of these weights, as open_clip reads it."""
    folder = tmp_path_factory.mktemp("bases")

    def path(name: str) -> Path:
        file = folder / f"{name}.pt"
        if not file.exists():
            torch.save(base_weights(name), file)
        return file

    return path


@pytest.fixture(scope="session")
def clipn_weights_of(
    base_weights: Callable[[str], dict[str, Tensor]],
) -> Callable[[str], dict[str, Tensor]]:
    """All tensors of a CLIPN: a CLIP, its second text tower, 16 prompts; not prefixed."""

    def weights(name: str) -> dict[str, Tensor]:
        base = base_weights(name)
        shapes = {}
        for key, value in base.items():
            first, dot, rest = key.partition(".")
            if first not in ("visual", "logit_scale"):
                shapes[f"{first}_no{dot}{rest}"] = value.shape
        shapes["prompt_no"] = torch.Size([16, *base["positional_embedding"].shape])
        return {**base, **random_weights(shapes, 1)}

    return weights


@pytest.fixture(scope="session")
def clipn_weights(clipn_weights_of: Callable[[str], dict[str, Tensor]]) -> dict[str, Tensor]:
    """All tensors of the smallest CLIPN."""
    return clipn_weights_of("tiny-clip")


@pytest.fixture(scope="session")
def published() -> Callable[[Path, dict[str, Tensor]], Path]:
    """Writes weights as CLIPN's training does: prefixed, and beside its optimizer."""

    def write(path: Path, weights: dict[str, Tensor]) -> Path:
        state = {f"module.{name}": value for name, value in weights.items()}
        optimizer = {"state": {0: {"step": 7}}, "param_groups": [{"lr": 3e-4, "params": [0]}]}
        checkpoint = {"epoch": 10, "name": "run", "state_dict": state, "optimizer": optimizer}
        torch.save(checkpoint, path)
        return path

    return write
