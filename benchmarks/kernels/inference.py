"""A classifier's pass over a pool of images."""

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from benchmarks.shared import load
from openal import Pool
from openal.learners.networks import cifar_resnet18
from openal.model import Model

FLOPS = 1.11e9  # of ResNet-18 for an image of 32 x 32


def make(n: int) -> Arrays:
    """CIFAR-10 images [n, 3, 32, 32], standardized, and a ResNet-18 as it is initialized.

    There are 5,000 images; of more, each is there several times.
    """
    images = load("cifar10_raw5000.npz")["x"]
    pixels = torch.from_numpy(images[np.arange(n) % len(images)]).permute(0, 3, 1, 2).float()
    torch.manual_seed(0)
    return {"images": (pixels / 255 - 0.47) / 0.25, "network": cifar_resnet18(10).eval()}


def ours(images: Tensor, network: nn.Module) -> np.ndarray:
    return _signals(images, Model(network))


def ours_mixed(images: Tensor, network: nn.Module) -> np.ndarray:
    return _signals(images, Model(network, amp=True))


def _signals(images: Tensor, model: Model) -> np.ndarray:
    rows = np.arange(len(images))
    return model.signals(Pool(images), rows, ("logits",), progress=False)["logits"].numpy()


@torch.inference_mode()
def loop(images: Tensor, network: nn.Module) -> np.ndarray:
    return torch.cat([network(x) for x in images.split(128)]).numpy()


def loop_with_gradients(images: Tensor, network: nn.Module) -> np.ndarray:
    return torch.cat([network(x) for x in images.split(128)]).detach().numpy()


def agree(
    mine: np.ndarray, theirs: np.ndarray, images: Tensor, network: nn.Module, within: float = 1e-4
) -> Agreement:
    apart = float(np.abs(mine - theirs).max())
    same = float((mine.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    return Agreement(apart <= within, f"logits to {apart:.0e}, {same:.1%} of the classes")


def agree_mixed(mine: np.ndarray, theirs: np.ndarray, **arrays: object) -> Agreement:
    return agree(mine, theirs, **arrays, within=0.1)  # type: ignore[arg-type]


def work(n: int) -> Work:
    return Work(flops=FLOPS * n)


PEERS = {
    "loop, batches of 128": Peer(loop),
    "the same, gradients kept": Peer(loop_with_gradients),
}
SIZES = {"toy": {"n": 8}, "quick": {"n": 512}, "full": {"n": 2048}}
ROWS = [
    Row("inference", make, ours, PEERS, agree, work, **SIZES),
    Row("inference, bfloat16", make, ours_mixed, PEERS, agree_mixed, work, **SIZES),
]
