"""YOLO: answers as a list of images with the numbers of their classes, and a list of the names."""

from collections.abc import Mapping, Sequence

from openal.integrations._answers_of import numbered, require_line

__all__ = ["classification_lists"]


def classification_lists(answers: Mapping[str, str], classes: Sequence[str]) -> dict[str, str]:
    """The text of two files by their names: `names.txt`, a class a line, and `images.txt`.

    A line of `images.txt` is the path of an image, a space, and the number of its class from 0.
    "UNKNOWN" is a class of its own where there is one; what was skipped is left out.

    >>> classification_lists({"a.jpg": "dog", "b.jpg": "SKIPPED"}, ["cat", "dog"])
    {'names.txt': 'cat\\ndog\\n', 'images.txt': 'a.jpg 1\\n'}
    """
    require_line([*classes, *answers])
    names, numbers = numbered(answers, classes)
    lines = [f"{name} {number}" for name, number in numbers.items() if number is not None]
    return {"names.txt": _lines(names), "images.txt": _lines(lines)}


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
