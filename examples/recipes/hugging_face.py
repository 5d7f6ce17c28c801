"""The Trainer of Hugging Face with an image classifier and a data set of `datasets`.

The small ViT has random weights; yours is `AutoModelForImageClassification.from_pretrained(...)`,
and `prepared` is its image processor.
"""

from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from sklearn.datasets import load_digits
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification, set_seed

from openal import UNKNOWN, LabeledSet, Pool
from openal.model import Model
from openal.strategies import KnownKMeans

digits = load_digits()
pictures = [Image.fromarray((image * 15).astype(np.uint8)) for image in digits.images]
dataset = Dataset.from_dict({"image": pictures, "label": [-1] * len(pictures)})


def prepared(picture: Image.Image) -> torch.Tensor:
    """A picture as the network reads it, [1, 8, 8]."""
    return torch.from_numpy(np.asarray(picture, np.float32) / 255)[None]


def collate(samples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    pixels = torch.stack([prepared(sample["image"]) for sample in samples])
    return {"pixel_values": pixels, "labels": torch.tensor([each["label"] for each in samples])}


def main() -> None:
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = ViTConfig(
        image_size=8, patch_size=2, num_channels=1, intermediate_size=64, num_labels=4, **size
    )
    pool = Pool(dataset, embeddings=digits.data)
    labeled = LabeledSet(len(dataset), classes=["zero", "one", "two", "three"])
    asked = np.arange(40)
    for round in range(3):
        truth = digits.target[asked]  # the people's part
        labeled.add(asked, np.where(truth < 4, truth, UNKNOWN))
        print(f"round {round}: {np.mean(truth < 4):.0%} of my classes")
        set_seed(0)
        network = ViTForImageClassification(config)
        with TemporaryDirectory() as folder:
            settings = TrainingArguments(
                folder, num_train_epochs=5, use_cpu=True, report_to="none", save_strategy="no",
                remove_unused_columns=False, disable_tqdm=True, learning_rate=3e-3,
            )  # fmt: skip
            Trainer(network, settings, collate, labeled.known_subset(dataset)).train()
        model = Model(network, transform=prepared)
        asked = KnownKMeans().query(pool, labeled, budget=20, model=model, seed=round).indices


if __name__ == "__main__":
    main()
