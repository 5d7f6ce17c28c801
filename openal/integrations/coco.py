"""COCO: answers as its JSON of images, categories and annotations, one of the whole image each."""

from collections.abc import Mapping, Sequence
from typing import Any

from openal.integrations._answers_of import numbered

__all__ = ["classification_dataset"]


def classification_dataset(
    answers: Mapping[str, str],
    classes: Sequence[str],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """What is to be written as JSON; `answers` are by file, `sizes` their width and height.

    Where the size is known, an annotation has the box of the whole image. "UNKNOWN" is a category
    of its own where there is one; what was skipped is an image without an annotation.

    >>> dataset = classification_dataset({"a.jpg": "dog"}, ["cat", "dog"], {"a.jpg": (4, 3)})
    >>> dataset["annotations"][0]["category_id"], dataset["annotations"][0]["bbox"]
    (2, [0, 0, 4, 3])
    """
    names, numbers = numbered(answers, classes)
    sizes = sizes or {}
    images = [
        {"id": at, "file_name": name, **_size(sizes.get(name))}
        for at, name in enumerate(answers, start=1)
    ]
    labeled = [
        (at, name, number)
        for at, (name, number) in enumerate(numbers.items(), start=1)
        if number is not None
    ]
    annotations = [
        {"id": row, "image_id": at, "category_id": number + 1, **_box(sizes.get(name))}
        for row, (at, name, number) in enumerate(labeled, start=1)
    ]
    categories = [{"id": k, "name": name} for k, name in enumerate(names, start=1)]
    return {"images": images, "categories": categories, "annotations": annotations}


def _size(size: tuple[int, int] | None) -> dict[str, int]:
    return {} if size is None else {"width": size[0], "height": size[1]}


def _box(size: tuple[int, int] | None) -> dict[str, Any]:
    if size is None:
        return {}
    return {"bbox": [0, 0, *size], "area": size[0] * size[1], "iscrowd": 0}
