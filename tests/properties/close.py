"""Where two scores are almost equal, rounding may decide between them."""

from openal.query import Query

__all__ = ["close"]

NEAR = 1e-5


def close(query: Query) -> bool:
    """Whether some stage gave two of its candidates almost the same score."""
    for step in query.steps:
        if step.scores is not None and len(step.scores) > 1:
            scores = step.scores.double().sort().values
            gaps = scores.diff()
            if ((gaps > 0) & (gaps < NEAR * scores.abs().max())).any():
                return True
    return False
