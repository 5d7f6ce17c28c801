"""Maps of what the classifier makes of the items: t-SNE of its features, before two queries."""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import write_whole
from openal._seeds import derived_seed
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.simulate._planned_runs import SameStart
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.loop import Run
from openal.simulate.oracle import Oracle
from openal.simulate.split import OpenSetSplit

__all__ = ["FEATURES", "keep_feature_map", "shown_rounds", "tsne"]

FEATURES = "features"
"""The folder of the maps, beside the runs."""

MAPPED = 1_000
"""Items on a map: half of them at most are of queries, as many of each; the rest is drawn."""

PERPLEXITY = 30.0  # scikit-learn's; no more than a third of the items


def keep_feature_map(
    folder: ResultsFolder,
    seed: int,
    runs: Mapping[str, Run],
    data: LabeledData,
    split: OpenSetSplit,
    conditions: Conditions,
) -> Path:
    """Write the maps of the runs of a seed, unless those of the same runs are there.

    Each classifier is trained again, as it was before its first and its last query, and gives the
    features of the same items: what its last layer reads. The file holds `indices` [m] of these in
    the dataset, and `xy` [S, R, m, 2] of S strategies (`names`) in R `rounds`.
    """
    path: Path = folder.folder / FEATURES / f"{folder.tag or 'all'}.npz"
    asked = json.dumps([folder.settings, seed, {name: run.asked for name, run in runs.items()}])
    digest = hashlib.sha256(asked.encode()).hexdigest()
    if _digest_of(path) != digest:
        about: dict[str, Any] = {
            "digest": digest,
            "settings": json.dumps(folder.settings),
            "seed": seed,
        }
        classifiers = _Classifiers(data.pool(split.pool), split, conditions, seed)
        file = BytesIO()
        np.savez(file, **about, **_maps(runs, _items(split, runs), classifiers))
        write_whole(path, file.getvalue())
    return path


def _maps(
    runs: Mapping[str, Run], items: np.ndarray, classifiers: "_Classifiers"
) -> dict[str, Any]:
    """The arrays of a file."""
    rounds = shown_rounds(next(iter(runs.values())))
    xy = [[classifiers.map_before(run, at, items) for at in rounds] for run in runs.values()]
    names = np.array([*runs], np.str_)
    return {"names": names, "rounds": rounds, "indices": items, "xy": np.array(xy, np.float32)}


def shown_rounds(run: Run) -> list[int]:
    """The first round and the last."""
    return sorted({0, len(run.asked) - 1})


def tsne(features: np.ndarray) -> np.ndarray:
    """Two coordinates float32 [m, 2] of features [m, d], by scikit-learn's t-SNE; always the same.

    On one thread: seconds for 1,000 items. Features without any spread lie in one place.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    features = np.asarray(features, np.float32)
    if len(features) < 4 or not features.var(axis=0).any():
        return np.zeros((len(features), 2), np.float32)
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    with threadpool_limits(1):  # several share sums, whose order is not always the same
        made = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(features)
    return np.asarray(made, np.float32)


def _items(split: OpenSetSplit, runs: Mapping[str, Run]) -> np.ndarray:
    """What is mapped, by dataset index, ascending: the first items of each query, and others."""
    queries = [run.asked[at] for run in runs.values() for at in shown_rounds(run)]
    count = max(1, MAPPED // 2 // len(queries))
    chosen = np.unique([index for query in queries for index in query[:count]])
    others = np.random.default_rng(0).permutation(np.setdiff1d(split.pool, chosen))
    return np.sort(np.concatenate([chosen, others[: max(0, MAPPED - len(chosen))]]))


class _Classifiers:
    """The classifiers of the runs of a seed, trained again; all runs share the first of them."""

    def __init__(self, pool: Pool, split: OpenSetSplit, conditions: Conditions, seed: int) -> None:
        self._pool, self._split, self._conditions, self._seed = pool, split, conditions, seed
        self._first: np.ndarray | None = None
        self._made: dict[bytes, np.ndarray] = {}

    def map_before(self, run: Run, at: int, items: np.ndarray) -> np.ndarray:
        """The map of items [m], by dataset index, before the query of round `at`."""
        rows = np.searchsorted(self._split.pool, items)
        if at:
            return self._map(self._features(run, at, rows))
        if self._first is None:
            self._first = self._map(self._features(run, 0, rows))
        return self._first

    def _map(self, features: np.ndarray) -> np.ndarray:
        """Their map; equal features, such as those of linear classifiers, have it once."""
        key = hashlib.sha256(features.tobytes()).digest()
        if key not in self._made:
            self._made[key] = tsne(features)
        return self._made[key]

    def _features(self, run: Run, at: int, rows: np.ndarray) -> np.ndarray:
        split, conditions, seed = self._split, self._conditions, self._seed
        noise, skip = conditions.noise, conditions.skip
        oracle = Oracle(split.truth, split.num_classes, noise, skip, seed)
        labeled = LabeledSet(len(self._pool), split.classes)
        if len(split.first):
            labeled.add(split.first, split.truth[split.first])
        for query in run.asked[:at]:
            asked = np.searchsorted(split.pool, query)
            labeled.add(asked, oracle(asked))
        task = conditions.task
        task = SameStart(task, derived_seed(seed, 2)) if conditions.same_start else task
        model = task.fit(self._pool, labeled, seed=derived_seed(seed, 0, at), progress=False)
        found = model.signals(self._pool, rows, ("features",), progress=False)["features"]
        return found.float().cpu().numpy()


def _digest_of(path: Path) -> str | None:
    """Of which runs the maps in a file are; None where there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return str(file["digest"])
    except Exception:  # a broken archive may raise nearly anything; it is made anew
        return None
