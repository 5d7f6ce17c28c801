"""A net of skorch is a model: what its module returns is read, the net itself is left alone."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from skorch import NeuralNetClassifier
from torch import nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.strategies import KnownKMeans

digits = load_digits()
x = (digits.data / 16).astype(np.float32)


def main() -> None:
    torch.manual_seed(0)
    pool = Pool(x, embeddings=x)
    labeled = LabeledSet(len(x), classes=["zero", "one", "two", "three"])
    asked = np.arange(40)
    for round in range(3):
        truth = digits.target[asked]  # the people's part
        labeled.add(asked, np.where(truth < 4, truth, UNKNOWN))
        print(f"round {round}: {np.mean(truth < 4):.0%} of my classes")
        network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
        net = NeuralNetClassifier(
            network, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=3e-3,
            max_epochs=10, train_split=None, verbose=0,
        )  # fmt: skip
        net.fit(x[labeled.known_indices], labeled.known_labels)
        asked = KnownKMeans().query(pool, labeled, budget=20, model=net, seed=round).indices


if __name__ == "__main__":
    main()
