"""A pool of table rows and a classifier of scikit-learn; the scaled columns are the embeddings."""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from openal import UNKNOWN, Chain, LabeledSet, Pool
from openal.informativeness import Entropy
from openal.purity import KnownNeighbors
from openal.selection import Filter, Top

wine = load_wine()
rows = StandardScaler().fit_transform(wine.data).astype(np.float32)
strategy = Chain(Filter(KnownNeighbors(k=5), above=0.5), Top(Entropy()))


def ask_people(indices: np.ndarray) -> np.ndarray:
    """Two cultivars are wanted; the third is none of our classes."""
    truth = wine.target[indices]
    return np.where(truth < 2, truth, UNKNOWN)


def main() -> None:
    pool = Pool(embeddings=rows)
    labeled = LabeledSet(len(rows), classes=2)
    asked = np.random.default_rng(0).permutation(len(rows))[:20]
    for round in range(4):
        answers = ask_people(asked)
        labeled.add(asked, answers)
        print(f"round {round}: {np.mean(answers != UNKNOWN):.0%} of my classes")
        forest = RandomForestClassifier(50, random_state=0)
        forest.fit(rows[labeled.known_indices], labeled.known_labels)
        logits = np.log(forest.predict_proba(rows) + 1e-6).astype(np.float32)
        offered = pool.with_signals(logits=logits)  # what a network would give by model=
        asked = strategy.query(offered, labeled, budget=20, seed=round).indices


if __name__ == "__main__":
    main()
