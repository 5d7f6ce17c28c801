"""FiftyOne: the `labels.json` that its importer of image classifications reads.

Put the images, or a link to their folder, beside it as `data`; then, in FiftyOne,
`Dataset.from_dir(dataset_dir=..., dataset_type=types.FiftyOneImageClassificationDataset)`.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from openal.errors import ArgumentError
from openal.integrations._answers_of import numbered

__all__ = ["classification_dataset"]


def classification_dataset(answers: Mapping[str, str], classes: Sequence[str]) -> dict[str, Any]:
    """What is to be written as JSON: the classes, and by image the number of its class.

    `answers` are by the path of a file below `data`; the importer names an image by this path
    without its ending, so two files that differ in their ending alone are refused. "UNKNOWN" is a
    class of its own where there is one, and what was skipped has the label null.

    >>> classification_dataset({"a/1.jpg": "dog", "b.jpg": "SKIPPED"}, ["cat", "dog"])
    {'classes': ['cat', 'dog'], 'labels': {'a/1': 1, 'b': None}}
    """
    names, numbers = numbered(answers, classes)
    labels: dict[str, int | None] = {}
    for name, number in numbers.items():
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem in labels:
            raise ArgumentError(f"{name!r:.80} and another file are both {stem!r:.80} in FiftyOne.")
        labels[stem] = number
    return {"classes": [*names], "labels": labels}
