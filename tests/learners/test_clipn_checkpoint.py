import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm

from openal.errors import ArgumentError, CheckpointError
from openal.learners._clipn_files import read_clipn, stock_shapes, text_names
from openal.learners._clipn_towers import load_towers
from openal.learners._weight_files import Stamp

Write = Callable[[Path, dict[str, Tensor]], Path]


def unfolded(weights: dict[str, Tensor], tokens: Tensor, heads: int, layers: int) -> Tensor:
    """The "no" tower by its definition: prompts are added to token and position, then averaged."""
    x = weights["token_embedding_no.weight"][tokens]
    x = x + weights["positional_embedding_no"] + weights["prompt_no"].mean(dim=0)
    for layer in range(layers):
        prefix = f"transformer_no.resblocks.{layer}."
        own = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        x = x + attention(norm(x, own, "ln_1"), own, heads)
        hidden = gelu(linear(norm(x, own, "ln_2"), own, "mlp.c_fc"))
        x = x + linear(hidden, own, "mlp.c_proj")
    x = norm(x, weights, "ln_final_no")[torch.arange(len(tokens)), tokens.argmax(dim=1)]
    return x @ weights["text_projection_no"]


def norm(x: Tensor, weights: dict[str, Tensor], name: str) -> Tensor:
    return layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])


def linear(x: Tensor, weights: dict[str, Tensor], name: str) -> Tensor:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def attention(x: Tensor, weights: dict[str, Tensor], heads: int) -> Tensor:
    batch, length, width = x.shape
    qkv = x @ weights["attn.in_proj_weight"].T + weights["attn.in_proj_bias"]
    q, k, v = qkv.view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-1, -2) / math.sqrt(width // heads)
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    mixed = scores.masked_fill(later, -torch.inf).softmax(dim=-1) @ v
    return linear(mixed.transpose(1, 2).reshape(batch, length, width), weights, "attn.out_proj")


def test_the_folded_tower_equals_the_unfolded_definition(
    clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path
) -> None:
    import open_clip

    path = published(tmp_path / "clipn.pt", clipn_weights)
    towers = load_towers(path, "tiny-clip", "none", Stamp(), torch.device("cpu"))
    tokens = open_clip.get_tokenizer("tiny-clip")(["a photo of a cat.", "an owl", "x"])
    expected = unfolded(clipn_weights, tokens, heads=4, layers=2)
    assert expected.std() > 0.1
    torch.testing.assert_close(towers.no.encode_text(tokens), expected, atol=1e-5, rtol=1e-5)
    without = dict(clipn_weights, prompt_no=torch.zeros(16, 24, 32))
    assert (unfolded(without, tokens, heads=4, layers=2) - expected).abs().max() > 1e-2


def test_the_loader_round_trips_a_published_checkpoint(
    clipn_weights_of: Callable[[str], dict[str, Tensor]], published: Write, tmp_path: Path
) -> None:
    given = clipn_weights_of("narrow-clip")
    assert len(given) == 452
    found = read_clipn(published(tmp_path / "clipn.pt", given), "narrow-clip")
    assert not found.hand_crafted
    assert found.base is not None
    assert (len(found.base), len(found.no)) == (302, 149)
    assert all(value.equal(given[name]) for name, value in found.base.items())
    position = given["positional_embedding_no"] + given["prompt_no"].mean(dim=0)
    torch.testing.assert_close(found.no.pop("positional_embedding"), position)
    for name, value in found.no.items():
        first, dot, rest = name.partition(".")
        assert value.equal(given[f"{first}_no{dot}{rest}"])


@pytest.mark.long
def test_the_names_and_sizes_are_those_published(
    clipn_weights_of: Callable[[str], dict[str, Tensor]],
) -> None:
    shapes = stock_shapes("ViT-B-16")
    text = {name: math.prod(shapes[name]) for name in text_names(shapes)}
    assert (len(shapes), len(text)) == (302, 149)
    assert sum(math.prod(shape) for shape in shapes.values()) == 149_620_737
    assert sum(text.values()) + 16 * 77 * 512 == 64_058_880
    assert shapes.keys() == {n for n in clipn_weights_of("narrow-clip") if "_no" not in n}


def test_the_other_half_may_be_absent(
    clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path
) -> None:
    half = {name: value for name, value in clipn_weights.items() if "_no" in name}
    assert read_clipn(published(tmp_path / "no.pt", half), "tiny-clip").base is None


NAME = "transformer_no.resblocks.1.mlp.c_fc.weight"


@pytest.mark.long
@pytest.mark.parametrize(
    "change, message",
    [
        ({NAME: None}, f"{NAME!r} is missing"),
        ({"visual.proj": None, "ln_final.bias": None}, r"'visual.proj' \(and 1 more\) is missing"),
        ({NAME: torch.zeros(3, 3)}, rf"{NAME!r} has the shape \[3, 3\] instead of \[128, 32\]"),
        ({NAME: torch.full((128, 32), torch.nan)}, f"{NAME!r} holds NaN"),
        ({"visual.proj": torch.full((64, 24), torch.inf)}, "'visual.proj' holds NaN or infinity"),
        ({NAME: torch.zeros(128, 32, dtype=torch.int64)}, f"{NAME!r} must be a dense float"),
        ({NAME: "text"}, f"{NAME!r} must be a dense float tensor, got 'text'"),
        ({"surprise": torch.zeros(1)}, "'surprise' is not of this model"),
        ({"surprise_no": torch.zeros(1)}, "'surprise_no' is not of this model"),
        ({"prompt_no": torch.zeros(16, 5, 32)}, "'prompt_no' has the shape"),
        ({"prompt_no": torch.zeros(0, 24, 32)}, "'prompt_no' has the shape"),
    ],
)
def test_a_wrong_tensor_is_refused_by_name(
    clipn_weights: dict[str, Tensor],
    published: Write,
    tmp_path: Path,
    change: dict[str, Any],
    message: str,
) -> None:
    weights = {k: v for k, v in {**clipn_weights, **change}.items() if v is not None}
    with pytest.raises(CheckpointError, match=message):
        read_clipn(published(tmp_path / "clipn.pt", weights), "tiny-clip")


def test_a_plain_clip_is_refused(
    base_file: Callable[[str], Path], tiny_models: tuple[str, ...]
) -> None:
    with pytest.raises(CheckpointError, match="no 'no' text tower"):
        read_clipn(base_file("tiny-clip"), "tiny-clip")


def test_a_copied_tower_is_refused(
    clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path
) -> None:
    copy = {
        name: torch.zeros_like(value) if name == "prompt_no" else clipn_weights.get(stock, value)
        for name, value in clipn_weights.items()
        for stock in [name.replace("_no.", ".", 1).removesuffix("_no")]
    }
    with pytest.raises(CheckpointError, match="no tower identical to its yes tower"):
        read_clipn(published(tmp_path / "clipn.pt", copy), "tiny-clip")


@pytest.mark.parametrize("content", [[1, 2], {}, {"state_dict": 3}, "text"])
def test_what_is_no_state_dict_is_refused(
    content: Any, tiny_models: tuple[str, ...], tmp_path: Path
) -> None:
    torch.save(content, tmp_path / "clipn.pt")
    with pytest.raises(CheckpointError, match="holds no state_dict"):
        read_clipn(tmp_path / "clipn.pt", "tiny-clip")


@pytest.mark.parametrize("name", ["tiny-bidirectional", "ViT-B-16-SigLIP", "roberta-ViT-B-32"])
def test_a_model_with_other_towers_is_refused(
    name: str, clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match="own towers"):
        read_clipn(published(tmp_path / "clipn.pt", clipn_weights), name)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no model 'ViT-C-3'"):
        stock_shapes("ViT-C-3")
