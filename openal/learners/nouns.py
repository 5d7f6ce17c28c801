"""Common nouns, the other things that class texts are held against."""

from functools import cache
from importlib.resources import files

__all__ = ["common_nouns"]


@cache
def common_nouns() -> tuple[str, ...]:
    """2,300 English nouns for things that a photo may show, from animals to weather.

    What `CLIP.texts` takes for negatives: words, so that every text tower can read them.

    >>> len(set(common_nouns())), common_nouns()[:3]
    (2300, ('aardvark', 'albatross', 'alligator'))

    Written for openal, and under its license.
    """
    lines = files("openal.learners").joinpath("_nouns.txt").read_text("utf-8").splitlines()
    kept = " ".join(line if line else "," for line in lines if not line.startswith("#"))
    return tuple(word for part in kept.split(",") if (word := part.strip()))
