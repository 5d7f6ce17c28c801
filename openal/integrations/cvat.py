"""CVAT: answers as tags of images, in the XML "CVAT for images 1.1" that its tasks import."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from openal.integrations._answers_of import numbered, require_xml

__all__ = ["image_tags"]


def image_tags(
    answers: Mapping[str, str],
    classes: Sequence[str],
    sizes: Mapping[str, tuple[int, int]] | None = None,
    *,
    task: str = "openal",
) -> str:
    """The text of `annotations.xml`; `answers` are by file, `sizes` their width and height.

    The task in CVAT must have the same files and labels. "UNKNOWN" is a label of its own where
    there is one; what was skipped is an image without a tag.

    >>> print(image_tags({"a.jpg": "dog"}, ["dog"]).splitlines()[-4].strip())
    <image id="0" name="a.jpg">
    """
    require_xml([*classes, *answers, task])
    names, numbers = numbered(answers, classes)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    _describe(SubElement(SubElement(root, "meta"), "task"), task, names, len(numbers))
    for at, (name, number) in enumerate(numbers.items()):
        size = _size((sizes or {}).get(name))
        image = SubElement(root, "image", {"id": str(at), "name": name, **size})
        if number is not None:
            SubElement(image, "tag", label=names[number], source="manual")
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _describe(task: Element, name: str, classes: Sequence[str], size: int) -> None:
    SubElement(task, "name").text = name
    SubElement(task, "size").text = str(size)
    SubElement(task, "mode").text = "annotation"
    labels = SubElement(task, "labels")
    for label_name in classes:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = label_name
        SubElement(label, "type").text = "tag"
        SubElement(label, "attributes")


def _size(size: tuple[int, int] | None) -> dict[str, str]:
    return {} if size is None else {"width": str(size[0]), "height": str(size[1])}
