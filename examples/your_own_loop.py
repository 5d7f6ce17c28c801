"""The loop of the README on real images: scikit-learn's digits, of which 0 to 3 are wanted.

Everything between `train` and `ask_people` is yours: the network, the optimizer, the people.
Run it with `python examples/your_own_loop.py`; it takes a few seconds on a CPU.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from openal import UNKNOWN, LabeledSet, Pool
from openal.strategies import NEAT

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # [1797, 1, 8, 8]
CLASSES = ["zero", "one", "two", "three"]


def ask_people(indices: np.ndarray) -> np.ndarray:
    """A person's answers: a class, or "none of my classes"."""
    truth = digits.target[indices]
    return np.where(truth < len(CLASSES), truth, UNKNOWN)


def train(model: nn.Module, answered: Dataset) -> None:
    """Your training loop, untouched."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(20):
        for x, y in DataLoader(answered, batch_size=32, shuffle=True):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def network() -> nn.Module:
    """A small convolutional network; its last linear layer's input serves as features."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, len(CLASSES)),
    )  # fmt: skip


if __name__ == "__main__":
    torch.manual_seed(0)
    dataset = TensorDataset(images)
    pool = Pool(dataset, embeddings=digits.data)  # any frozen embedding; here the pixels
    labeled = LabeledSet(len(dataset), classes=CLASSES)
    first = np.flatnonzero(digits.target < len(CLASSES))[:40]
    labeled.add(first, ask_people(first))
    strategy = NEAT()

    for round in range(5):
        model = network()
        train(model, labeled.known_subset(dataset))
        query = strategy.query(pool, labeled, budget=20, model=model, seed=round)
        answers = ask_people(query.indices)
        labeled.add(query.indices, answers)
        print(f"round {round}: {np.mean(answers != UNKNOWN):.0%} of the answers were of my classes")
