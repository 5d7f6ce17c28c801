"""Embeddings of any network of timm, DINO's too; each picture is read once.

The weights here are random, as no network is asked for. With timm's own weights write
`timm.create_model("vit_small_patch14_dinov2.lvd142m", pretrained=True, num_classes=0)`, or name it
on the command line: `openal embed photos --encoder timm:vit_small_patch14_dinov2.lvd142m`.
"""

import numpy as np
import timm
import torch
from PIL import Image
from sklearn.datasets import load_digits
from timm.data import create_transform, resolve_model_data_config

from openal import UNKNOWN, LabeledSet, Pool
from openal.learners import Encoder
from openal.strategies import KnownKMeans

digits = load_digits()
chosen = np.arange(300)
pictures = [
    Image.fromarray((image * 15).astype(np.uint8)).convert("RGB") for image in digits.images[chosen]
]


def main() -> None:
    torch.manual_seed(0)
    network = timm.create_model(
        "vit_tiny_patch16_224", pretrained=False, num_classes=0, img_size=32, depth=2
    )
    size = {**resolve_model_data_config(network), "input_size": (3, 32, 32)}
    prepare = create_transform(**size, is_training=False)  # as the network was trained
    pool = Pool(pictures, embeddings=Encoder(network, transform=prepare, normalize=True))
    labeled = LabeledSet(len(pictures), classes=["zero", "one", "two", "three"])
    asked = np.arange(20)
    for round in range(3):
        truth = digits.target[asked]  # the people's part
        labeled.add(asked, np.where(truth < 4, truth, UNKNOWN))
        print(f"round {round}: {np.mean(truth < 4):.0%} of my classes")
        asked = KnownKMeans().query(pool, labeled, budget=20, seed=round).indices


if __name__ == "__main__":
    main()
