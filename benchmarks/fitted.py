"""A classifier of scikit-activeml that is fitted already: it gives probabilities that are there."""

from typing import Any

import numpy as np

__all__ = ["fitted"]


def fitted(probabilities: np.ndarray, open_rows: Any = slice(None)) -> Any:
    """Those of all rows [N, K]; where it is asked about fewer, those of the `open_rows`."""
    from skactiveml.base import SkactivemlClassifier

    class Fitted(SkactivemlClassifier):
        def fit(self, X: Any, y: Any) -> "Fitted":
            return self

        def predict_proba(self, X: Any) -> np.ndarray:
            every = len(X) == len(probabilities)
            return probabilities if every else probabilities[open_rows]

    return Fitted()
