import pickle
from typing import Any

import pytest
import torch

from openal.errors import ArgumentError
from openal.learners import PixelResNet18, SmallCNN, cifar_resnet18


def test_gives_one_output_per_class() -> None:
    assert cifar_resnet18(5).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 5)


def test_first_layers_keep_the_resolution() -> None:
    network = cifar_resnet18(5)
    first = torch.nn.Sequential(network.conv1, network.maxpool)  # type: ignore[arg-type]
    assert first(torch.zeros(1, 3, 32, 32)).shape == (1, 64, 32, 32)


def test_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(cifar_resnet18)) is cifar_resnet18


@pytest.mark.long
def test_bytes_are_standardized_on_the_way_in() -> None:
    torch.manual_seed(0)
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    network = PixelResNet18(mean, std)(5).eval()
    torch.manual_seed(0)
    plain = cifar_resnet18(5).eval()
    pixels = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    channels = (torch.tensor(each)[:, None, None] for each in (mean, std))
    standard = (pixels / 255 - next(channels)) / next(channels)
    assert torch.allclose(network(pixels), plain(standard), atol=1e-5)


def test_dropout_comes_before_the_last_layer() -> None:
    network = PixelResNet18((0.5,) * 3, (0.5,) * 3, dropout=0.3)(5)
    assert isinstance(network.fc, torch.nn.Sequential)
    assert [type(each).__name__ for each in network.fc] == ["Dropout", "Linear"]


@pytest.mark.parametrize("side", [16, 32, 64])
def test_a_small_network_reads_bytes_of_any_size(side: int) -> None:
    network = SmallCNN((0.5,) * 3, (0.25,) * 3, width=4, dropout=0.2)(5).eval()
    assert network(torch.zeros(2, 3, side, side, dtype=torch.uint8)).shape == (2, 5)
    assert [name for name, _ in network.named_children()][1:5] == [f"layer{k}" for k in range(1, 5)]


def test_a_small_network_standardizes_what_it_reads() -> None:
    pixels = torch.randint(256, (2, 3, 16, 16), dtype=torch.uint8)
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    network = SmallCNN(mean, std, width=2)(3).eval()
    channels = (torch.tensor(values)[:, None, None] for values in (mean, std))
    standard = (pixels / 255 - next(channels)) / next(channels)
    assert torch.allclose(network(pixels), network[1:](standard), atol=1e-6)  # type: ignore[index]


@pytest.mark.parametrize("wrong", [{"mean": 0.5}, {"std": (0, 1, 1)}, {"width": 0}])
def test_a_small_network_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        SmallCNN(**{"mean": (0.5,) * 3, "std": (0.2,) * 3, **wrong})
