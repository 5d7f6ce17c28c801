"""Encoders of other packages by name: their networks, their own preparation of images."""

from typing import Any

import pytest
import timm
import torch
from PIL import Image
from torchvision import models

from openal.encoders import encoder_named
from openal.encoders.named import clip_named
from openal.errors import ArgumentError, CheckpointError

CPU = torch.device("cpu")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks with first weights, as if they had been downloaded."""
    create, get = timm.create_model, models.get_model
    monkeypatch.setattr(timm, "create_model", lambda name, _, **kw: create(name, False, **kw))
    monkeypatch.setattr(models, "get_model", lambda name, **_: get(name))


@pytest.mark.long
@pytest.mark.parametrize(
    "name, width, side",
    [("timm:test_resnet", 96, 160), ("torchvision:mobilenet_v3_small", 1024, 224)],
)
@pytest.mark.usefixtures("untrained")
def test_features_of_length_one_and_the_networks_own_size(name: str, width: int, side: int) -> None:
    encode, transform, fingerprint = encoder_named(name, CPU)
    x = transform(Image.new("RGB", (300, 200), "teal"))
    assert tuple(x.shape) == (3, side, side)
    z = encode(x[None])
    assert tuple(z.shape) == (1, width)
    assert float(z.norm()) == pytest.approx(1, abs=1e-5)
    assert fingerprint["encoder"] == name and fingerprint["preprocess"]


@pytest.mark.parametrize("kind", ["timm", "torchvision"])
def test_weights_that_cannot_be_had_are_one_sentence(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any, **__: Any) -> None:
        raise OSError("no route\nto host")

    monkeypatch.setattr(timm, "create_model", silent)
    monkeypatch.setattr(models, "get_model", silent)
    with pytest.raises(
        CheckpointError, match=rf"{kind}:resnet18 cannot be had \(no route\)"
    ) as why:
        encoder_named(f"{kind}:resnet18", CPU)
    assert "--encoder offline needs no network" in str(why.value)


@pytest.mark.usefixtures("untrained")
def test_a_network_without_a_last_linear_layer_is_refused() -> None:
    with pytest.raises(ArgumentError, match="has no linear layer at its end"):
        encoder_named("torchvision:squeezenet1_0", CPU)


@pytest.mark.parametrize("name", ["nothing", "clip:", "mine:make", "offlin"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"there is no encoder '{name}'"):
        encoder_named(name, CPU)


def test_a_name_of_clip_is_its_model_and_its_tag() -> None:
    clip = clip_named("clip:ViT-B-32/laion2b_s34b_b79k")
    assert clip is not None
    assert (clip.model_name, clip.pretrained) == ("ViT-B-32", "laion2b_s34b_b79k")
    hub = clip_named("hub:laion/CLIP-ViT-B-32")
    assert hub is not None and hub.model_name == "hf-hub:laion/CLIP-ViT-B-32"
