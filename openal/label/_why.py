"""Why an image was chosen, in words: its place in the query, and its scores beside the others'."""

import numpy as np

from openal.label._rounds import Facts

__all__ = ["why"]


def why(facts: Facts, index: int) -> str:
    """Sentences about one image of the round: what the project itself says, then the scores.

    >>> facts = Facts(2, np.array([7, 3]), purity=np.array([0.9, 0.2]))
    >>> why(facts, 3)
    'Number 2 of the 2 of this round, best first. Purity 0.20 (median of the round 0.55).'
    """
    place, reason = facts.place.get(index), facts.reasons.get(index, "")
    if place is None:
        return _sentences(reason, "Its answer was taken back after its round was over.")
    where = f"Number {place} of the {len(facts.indices)} of this round, best first."
    scores = [
        f"{name} {values[place - 1]:.2f} (median of the round {np.median(values):.2f})."
        for name, values in (
            ("Purity", facts.purity),
            ("Informativeness", facts.informativeness),
        )
        if values is not None
    ]
    return _sentences(reason, where, *scores)


def _sentences(*parts: str) -> str:
    """The parts that say something, each as a sentence."""
    said = [part[0].upper() + part[1:] for part in parts if part]
    return " ".join(part if part[-1] in ".?!" else f"{part}." for part in said)
