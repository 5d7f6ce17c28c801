"""The network and the augmentation of the open-set active-learning papers."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import inf
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from openal._checks import as_count, as_number
from openal._optional import optional
from openal.errors import ArgumentError

__all__ = ["CropFlip", "PixelResNet18", "SmallCNN", "Standardize", "cifar_resnet18"]


@dataclass(frozen=True)
class CropFlip:
    """Shifts each image at random by up to `padding` pixels, and mirrors every second one.

    `CropFlip()(x, generator)` is a crop of the size of the images x [B, C, H, W] out of their
    version padded with zeros, and a horizontal flip, drawn for each image. Other inputs are
    returned as they are. The draws do not depend on the device of x.

    Args:
        padding: pixels of black on each side.
    """

    padding: int = 4

    def __post_init__(self) -> None:
        as_count(self.padding, "padding")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The augmented batch, of the shape and type of x."""
        if x.ndim != 4:
            return x
        count, _, height, width = x.shape
        draw = partial(torch.randint, generator=generator, device=generator.device)
        top, left = draw(2 * self.padding + 1, (2, count, 1))
        flip = draw(2, (count, 1)) == 1
        across, down = (torch.arange(each, device=flip.device) for each in (width, height))
        rows = (top + down).to(x.device)  # [B, H]
        columns = (left + torch.where(flip, across.flip(0), across)).to(x.device)  # [B, W]
        image = torch.arange(count, device=x.device)[:, None, None]
        padded = pad(x, [self.padding] * 4)
        taken = padded[image, :, rows[:, :, None], columns[:, None, :]]  # [B, H, W, C]
        return taken.permute(0, 3, 1, 2)


def cifar_resnet18(num_outputs: int) -> nn.Module:
    """A ResNet-18 for small images [B, 3, H, W]: its first layers keep their resolution.

    torchvision's network with a 3 x 3 first convolution of stride 1 and without max-pooling,
    randomly initialized. Its features have 512 dimensions.

    Reference: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. The released
    code of LfOSA squeezes the features through two dimensions; this network does not.
    """
    models = optional("torchvision.models", "cifar_resnet18")
    network: nn.Module = models.resnet18(num_classes=num_outputs)
    convolution = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    network.conv1, network.maxpool = convolution, nn.Identity()
    return network


@dataclass(frozen=True)
class PixelResNet18:
    """Makes `cifar_resnet18` for pixels 0..255, which it standardizes itself, on its device.

    A `factory` for images uint8 [B, 3, H, W], a quarter of the memory of floats. What an
    augmentation pads with is black, as in the papers, and not the mean color. A share `dropout`
    of the features is dropped before the last layer.

    Args:
        mean: of the three channels of pixels in 0..1.
        std: the deviation of the three channels, in 0..1.
        dropout: the share of features that is dropped before the last layer.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _require_channels(self.mean, self.std)
        as_number(self.dropout, "dropout", minimum=0, below=1)

    def __call__(self, num_outputs: int) -> nn.Module:
        """A new network with so many outputs."""
        network: Any = cifar_resnet18(num_outputs)
        if self.dropout:
            network.fc = nn.Sequential(nn.Dropout(self.dropout), network.fc)
        network.conv1 = nn.Sequential(Standardize(self.mean, self.std), network.conv1)
        made: nn.Module = network
        return made


@dataclass(frozen=True)
class SmallCNN:
    """Makes a small convolutional network for pixels 0..255: seconds of a processor per training.

    A `factory` for images uint8 [B, 3, H, W] of 16 to 64 pixels: four convolutions of `width`, 2,
    4 and 4 times as many channels with batch normalization, of which the first three halve the
    resolution; then the mean over the image and a linear layer. For trying out on a processor what
    takes a GPU with `PixelResNet18`.

    Args:
        mean: of the three channels of pixels in 0..1.
        std: the deviation of the three channels, in 0..1.
        width: the channels of the first convolution, at least 1.
        dropout: the share of features that is dropped before the last layer.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    width: int = 16
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _require_channels(self.mean, self.std)
        as_count(self.width, "width", minimum=1)
        as_number(self.dropout, "dropout", minimum=0, below=1)

    def __call__(self, num_outputs: int) -> nn.Module:
        """A new network with so many outputs."""
        channels = [3, self.width, 2 * self.width, 4 * self.width, 4 * self.width]
        blocks = [_block(*pair, halve=k < 3) for k, pair in enumerate(pairwise(channels))]
        layers = {f"layer{k}": block for k, block in enumerate(blocks, 1)}
        mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout))
        last = nn.Linear(channels[-1], num_outputs)
        standardize = Standardize(self.mean, self.std)
        return nn.Sequential(OrderedDict(standardize=standardize, **layers, mean=mean, fc=last))


def _block(inputs: int, outputs: int, *, halve: bool) -> nn.Module:
    """A convolution, normalized and rectified."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    pooling = [nn.MaxPool2d(2)] if halve else []
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(), *pooling)


def _require_channels(mean: Any, std: Any) -> None:
    for name, values, least in (("mean", mean, -inf), ("std", std, 0.0)):
        if not isinstance(values, tuple | list) or len(values) != 3:
            raise ArgumentError(f"{name} must be three numbers, got {values!r:.80}.")
        for value in values:
            as_number(value, name, above=least)


class Standardize(nn.Module):
    """Pixels 0..255 [B, C, H, W], as 0..1, less the mean of their channel, over its deviation."""

    largest = 255.0

    shift: Tensor
    scale: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(std)[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The standardized pixels, float32."""
        standardized: Tensor = (x / self.largest - self.shift) / self.scale
        return standardized

    @classmethod
    def of(cls, shift: Tensor, scale: Tensor) -> "Standardize":
        """One that subtracts and divides inputs as they are, by tensors of their shape or ones."""
        made = cls((0.0,), (1.0,))
        made.shift, made.scale, made.largest = shift.float(), scale.float(), 1.0
        return made
