import pickle

import torch

from openal.learners import cifar_resnet18


def test_gives_one_output_per_class() -> None:
    assert cifar_resnet18(5).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 5)


def test_first_layers_keep_the_resolution() -> None:
    network = cifar_resnet18(5)
    first = torch.nn.Sequential(network.conv1, network.maxpool)  # type: ignore[arg-type]
    assert first(torch.zeros(1, 3, 32, 32)).shape == (1, 64, 32, 32)


def test_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(cifar_resnet18)) is cifar_resnet18
