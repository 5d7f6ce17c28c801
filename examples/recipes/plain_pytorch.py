"""Five lines of openal in a plain PyTorch loop: what is asked next, and what was answered."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from openal import UNKNOWN, LabeledSet, Pool
from openal.strategies import KnownKMeans

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # [1797, 1, 8, 8]
dataset = TensorDataset(images)


def ask_people(indices: np.ndarray) -> np.ndarray:
    """Only the digits 0 to 3 are wanted; whatever else is drawn there is UNKNOWN."""
    truth = digits.target[indices]
    return np.where(truth < 4, truth, UNKNOWN)


def main() -> None:
    torch.manual_seed(0)
    pool = Pool(dataset, embeddings=digits.data)  # embeddings of an encoder; here the pixels
    labeled = LabeledSet(len(dataset), classes=["zero", "one", "two", "three"])
    asked = np.arange(40)
    for round in range(3):
        answers = ask_people(asked)
        labeled.add(asked, answers)
        print(f"round {round}: {np.mean(answers != UNKNOWN):.0%} of my classes")
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(10):
            for x, y in DataLoader(labeled.known_subset(dataset), batch_size=32, shuffle=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        query = KnownKMeans().query(pool, labeled, budget=20, model=model, seed=round)
        labeled.begin_round(query)  # notes what is asked now: labeled.pending_indices
        asked = query.indices


if __name__ == "__main__":
    main()
