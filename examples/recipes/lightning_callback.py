"""A Lightning callback that queries at the end of each fit; the module knows nothing of it."""

import lightning
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from openal import UNKNOWN, LabeledSet, Pool, Query
from openal.strategies import KnownKMeans

digits = load_digits()
dataset = TensorDataset(torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16)


class Classifier(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


class QueryAtTheEnd(lightning.Callback):
    def __init__(self, pool: Pool, labeled: LabeledSet, budget: int) -> None:
        self.pool, self.labeled, self.budget = pool, labeled, budget
        self.query: Query | None = None

    def on_fit_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        self.query = KnownKMeans().query(self.pool, self.labeled, self.budget, model=module, seed=0)


def main() -> None:
    lightning.seed_everything(0)
    labeled = LabeledSet(len(dataset), classes=4)
    asking = QueryAtTheEnd(Pool(dataset, embeddings=digits.data), labeled, budget=20)
    asked = np.arange(40)
    for round in range(3):
        truth = digits.target[asked]  # the people's part
        labeled.add(asked, np.where(truth < 4, truth, UNKNOWN))
        print(f"round {round}: {np.mean(truth < 4):.0%} of my classes")
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = lightning.Trainer(
            max_epochs=10,
            accelerator="cpu",
            callbacks=[asking],
            enable_model_summary=False,
            **quiet,
        )
        trainer.fit(Classifier(), DataLoader(labeled.known_subset(dataset), 32, shuffle=True))
        asked = asking.query.indices


if __name__ == "__main__":
    main()
