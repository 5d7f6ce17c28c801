import pickle
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal import Pool
from openal.errors import ModelError
from openal.learners import Encoder

ITEMS = [(torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(i)), 0) for i in range(70)]
IMAGES = torch.stack([x for x, _ in ITEMS])
ALL = np.arange(70)


class Counting(nn.Module):
    """A convolution that counts the items it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.passed = Counter[str]()  # shared by the copy that is evaluated

    def forward(self, x: Tensor) -> Tensor:
        self.passed["items"] += len(x)
        output: Tensor = self.convolution(x)
        return output

    def encode(self, x: Tensor) -> Tensor:
        return self.forward(x).mean(dim=(2, 3))


def embeddings(module: Any, **settings: Any) -> Tensor:
    return Pool(ITEMS, embeddings=Encoder(module, **settings)).take("embeddings", ALL)


def test_embeddings_are_the_flattened_output() -> None:
    module = Counting()
    torch.testing.assert_close(embeddings(module), module(IMAGES).detach().flatten(1))


def test_each_item_is_embedded_once() -> None:
    module = Counting()
    pool = Pool(ITEMS, embeddings=Encoder(module, batch_size=16))
    for indices in (ALL[:40], ALL[30:], ALL):
        pool.take("embeddings", indices)
    assert module.passed["items"] == len(ITEMS)


def test_module_is_left_as_it_was() -> None:
    module = nn.Sequential(Counting(), nn.BatchNorm2d(4), nn.Dropout())
    module[2].eval()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    embeddings(module)
    assert [each.training for each in module] == [True, True, False]
    assert all(each.equal(before[name]) for name, each in module.state_dict().items())


def test_method_of_a_module_runs_in_evaluation_mode() -> None:
    class Dropping(nn.Module):
        def encode(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(x, training=self.training)

    assert embeddings(Dropping().encode).equal(IMAGES.flatten(1))


def test_normalized_embeddings_have_length_one() -> None:
    lengths = embeddings(Counting(), normalize=True).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(70))


def test_half_precision_stays() -> None:
    assert embeddings(lambda x: x.half(), normalize=True).dtype == torch.float16


def test_transform_is_applied_to_each_input() -> None:
    found = embeddings(nn.Identity(), transform=lambda x: x[:1, :2, :2])
    assert found.equal(IMAGES[:, :1, :2, :2].flatten(1))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: {"image_embeds": x, "logits": x[:, :1]},
        lambda x: SimpleNamespace(pooler_output=x),
    ],
    ids=["mapping", "object"],
)
def test_output_may_be_named(wrap: Any) -> None:
    assert embeddings(wrap).equal(IMAGES.flatten(1))


@pytest.mark.parametrize("module", [lambda x: x[:1], lambda x: "text"], ids=["a row", "no tensor"])
def test_output_that_is_none(module: Any) -> None:
    with pytest.raises(ModelError, match="a tensor with a row per input"):
        embeddings(module)


def test_device_is_used() -> None:
    assert embeddings(nn.Identity(), device="meta").device.type == "meta"


def test_encoder_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(Encoder(Counting(), batch_size=9)))
    assert again.batch_size == 9
