"""Features are what the layer reads whose output is the logits."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal.errors import ModelError
from openal.model import Model
from openal.pool import Pool

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
IMAGES = torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(1))


class Body(nn.Module):
    """16 features, a classifier of 4 classes, and what else a subclass does."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU())
        self.classifier: nn.Module = nn.Linear(16, 4)
        self.other = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.body(x))


class Adapted(nn.Module):
    """A linear layer with a low-rank adapter."""

    def __init__(self) -> None:
        super().__init__()
        self.base, self.down, self.up = nn.Linear(16, 4), nn.Linear(16, 2), nn.Linear(2, 4)

    def forward(self, x: Tensor) -> Tensor:
        base: Tensor = self.base(x)
        return base + self.up(self.down(x))


class WithAdapter(Body):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = Adapted()


class WithProjection(Body):
    def forward(self, x: Tensor) -> Any:
        features = self.body(x)
        logits = self.classifier(features)
        self.projected = self.other(features * 2)
        return logits


class WithAuxiliary(Body):
    def forward(self, x: Tensor) -> Any:
        features = self.body(x)
        return self.classifier(features), self.other(features * 2)


class InceptionOutputs(NamedTuple):
    logits: Tensor
    aux_logits: Tensor


class LikeInception(WithAuxiliary):
    def forward(self, x: Tensor) -> Any:
        return InceptionOutputs(*super().forward(x))


class CalledTwice(Body):
    def forward(self, x: Tensor) -> Any:
        self.classifier(self.body(x) + 1)
        return self.classifier(self.body(x))


@pytest.mark.parametrize(
    "kind", [Body, WithAdapter, WithProjection, WithAuxiliary, LikeInception, CalledTwice]
)
def test_features_are_those_of_the_classifier(kind: type[Body]) -> None:
    net = kind()
    model = Model(net, batch_size=16)
    found = model.signals(Pool(X), np.arange(40), ("features", "logits"), progress=False)
    torch.testing.assert_close(found["features"], net.body(X).detach())
    torch.testing.assert_close(found["logits"], net.classifier(net.body(X)).detach())


class Squeezed(nn.Module):
    """Squeeze and excitation before a convolutional head."""

    def __init__(self, head: nn.Conv2d) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 12, 3, padding=1)
        self.squeeze, self.excite, self.head = nn.Linear(12, 2), nn.Linear(2, 12), head

    def maps(self, x: Tensor) -> Tensor:
        maps = self.body(x).relu()
        weights = self.excite(self.squeeze(maps.mean((2, 3))).relu()).sigmoid()
        return torch.mul(maps, weights[:, :, None, None])

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.maps(x)).mean((2, 3))
        return found


def test_features_of_a_convolutional_head_are_averaged_over_the_positions() -> None:
    net = Squeezed(nn.Conv2d(12, 4, 1))
    found = Model(net).signals(Pool(IMAGES), np.arange(20), ("features",), progress=False)
    torch.testing.assert_close(found["features"], net.maps(IMAGES).mean((2, 3)).detach())


def test_features_of_a_convolution_over_all_positions_are_flat() -> None:
    net = Squeezed(nn.Conv2d(12, 4, 8))
    found = Model(net).signals(Pool(IMAGES), np.arange(20), ("features",), progress=False)
    torch.testing.assert_close(found["features"], net.maps(IMAGES).flatten(1).detach())


def test_two_tensors_of_one_shape_are_features_where_the_classifier_reads_them() -> None:
    class Two(Body):
        def __init__(self) -> None:
            super().__init__()
            self.other, self.classifier = nn.Linear(16, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Any:
            features = self.other(self.body(x))
            return self.classifier(features), features

    net = Two()
    found = Model(net).signals(Pool(X), np.arange(40), ("features",), progress=False)["features"]
    torch.testing.assert_close(found, net.other(net.body(X)).detach())


@pytest.mark.parametrize(
    "change",
    [lambda z: z.log_softmax(dim=1), lambda z: z / 3, lambda z: z.relu()],
    ids=["probabilities", "a temperature", "a rectifier"],
)
def test_logits_that_no_layer_gives_have_no_features(change: Any) -> None:
    net = Body()
    model = Model(lambda x: change(net(x) + 1))
    with pytest.raises(ModelError, match=r"no torch\.nn\.Linear.*return \(logits, features\)"):
        model.signals(Pool(X), np.arange(40), ("features",), progress=False)


def test_layers_that_a_vmap_calls_have_no_features() -> None:
    nets = [Body().eval() for _ in range(2)]
    params, buffers = torch.func.stack_module_state(nets)

    def model(x: Tensor) -> Any:
        one = torch.vmap(lambda p, b: torch.func.functional_call(nets[0], (p, b), (x,)))
        return one(params, buffers).mean(dim=0)

    with pytest.raises(ModelError, match="model gives no 'features'"):
        Model(model).signals(Pool(X), np.arange(40), ("features",), progress=False)
