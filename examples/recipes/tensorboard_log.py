"""What each query did, in TensorBoard: how pure it was, what each stage kept, what it tuned.

The same numbers go elsewhere by one other line:
MLflow: `mlflow.log_metrics(numbers, step=round)`; W&B: `wandb.log(numbers, step=round)`.
"""

import numpy as np
from sklearn.datasets import load_digits
from torch.utils.tensorboard import SummaryWriter

from openal import UNKNOWN, LabeledSet, Pool, Query
from openal.strategies import KnownKMeans

digits = load_digits()


def numbers_of(query: Query) -> dict[str, float]:
    """Everything in a query that is one number, by a name."""
    numbers = {"query/candidates": query.n_candidates, "query/filled": query.n_filled}
    for depth in range(len(query.steps)):
        for name, value in query.diagnostics[depth].items():
            if isinstance(value, int | float):
                numbers[f"stage {depth}/{name}"] = value
    return numbers


def main() -> None:
    pool = Pool(embeddings=digits.data / 16)
    labeled = LabeledSet(len(digits.data), classes=4)
    asked = np.arange(40)
    with SummaryWriter() as writer:
        for round in range(4):
            truth = digits.target[asked]  # the people's part
            labeled.add(asked, np.where(truth < 4, truth, UNKNOWN))
            writer.add_scalar("answers/of my classes", np.mean(truth < 4), round)
            print(f"round {round}: {np.mean(truth < 4):.0%} of my classes")
            query = KnownKMeans().query(pool, labeled, budget=20, seed=round)
            for name, value in numbers_of(query).items():
                writer.add_scalar(name, value, round)
            writer.add_histogram("query/scores", query.scores, round)
            asked = query.indices
    print("tensorboard --logdir runs")


if __name__ == "__main__":
    main()
