"""Label Studio: a query as tasks, the labeling configuration, and the answers of an export.

Nothing of Label Studio is needed: only the standard library. `answers` reads an export as JSON.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from openal.errors import ArgumentError
from openal.integrations._answers_of import require_xml
from openal.integrations._label_studio_export import (
    CANNOT_TELL,
    CHOICE,
    NONE,
    Imported,
    Row,
    answers,
)

__all__ = ["CANNOT_TELL", "NONE", "Imported", "Row", "answers", "configuration", "tasks"]

IMAGE = "image"


def configuration(
    classes: Sequence[str], *, none: str = NONE, cannot_tell: str = CANNOT_TELL
) -> str:
    """The labeling configuration: one choice of the classes, or of the two that are no class.

    `none` is read as `UNKNOWN` by `answers`, `cannot_tell` as `SKIPPED`.

    >>> print(configuration(["cat", "dog"]))
    <View>
      <Image name="image" value="$image" />
      <Choices name="choice" toName="image" choice="single" required="true">
        <Choice value="cat" />
        <Choice value="dog" />
        <Choice value="none of these" />
        <Choice value="cannot tell" />
      </Choices>
    </View>
    """
    choices = [*classes, none, cannot_tell]
    require_xml(choices)
    if len({*choices}) < len(choices):
        raise ArgumentError(f"The choices must differ from each other, got {choices!r:.200}.")
    view = Element("View")
    SubElement(view, "Image", name=IMAGE, value=f"${IMAGE}")
    options = {"name": CHOICE, "toName": IMAGE, "choice": "single", "required": "true"}
    group = SubElement(view, "Choices", options)
    for value in choices:
        SubElement(group, "Choice", value=value)
    indent(view)
    return tostring(view, encoding="unicode")


def tasks(
    query: Iterable[int],
    keys: Sequence[str] | None = None,
    *,
    address: str | Callable[[str], str] = "",
    predictions: Sequence[tuple[str, float] | None] | None = None,
    model_version: str = "openal",
) -> list[dict[str, Any]]:
    """One task per item of a query, in its order, to be written as JSON and imported.

    Args:
        query: a `Query`, or indices. `data` then has the item's key and index, by which `answers`
            finds it again, and the query's purity and informativeness.
        keys: the names of all items, such as `pool.keys`; a query of a pool with keys has them.
        address: what makes an address of a key: a prefix, before which the key is quoted, such as
            "/data/local-files/?d=photos/", or a function. By default the key is the address.
        predictions: for each item the name of a class and its probability, or None.
        model_version: what Label Studio shows as the source of the predictions.

    >>> tasks([1], ["a.jpg", "b c.jpg"], address="http://localhost/", predictions=[("cat", 0.9)])
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'data': {'image': 'http://localhost/b%20c.jpg', 'openal_index': 1, 'openal_key': 'b c.jpg'},
      'predictions': [{'model_version': 'openal', 'score': 0.9,
        'result': [{'from_name': 'choice', 'to_name': 'image', 'type': 'choices',
                    'value': {'choices': ['cat']}}]}]}]
    """
    indices = [int(index) for index in query]
    own = getattr(query, "keys", None) if keys is None else [keys[index] for index in indices]
    if own is None:
        raise ArgumentError("keys must name the items: tasks(query, keys), or Pool(..., keys=...).")
    said = [None] * len(indices) if predictions is None else predictions
    if len(said) != len(indices):
        raise ArgumentError(
            f"predictions must be one per item, {len(indices)} here, got {len(said)}."
        )
    found = zip(indices, own, said, strict=True)
    return [
        {
            "data": {
                IMAGE: _address(key, address),
                "openal_index": index,
                "openal_key": key,
                **_scores(query, row),
            },
            **_predicted(prediction, model_version),
        }
        for row, (index, key, prediction) in enumerate(found)
    ]


def _address(key: str, address: str | Callable[[str], str]) -> str:
    if callable(address):
        return address(key)
    return address + quote(key) if address else key


def _scores(query: Any, row: int) -> dict[str, float]:
    """What a query says of an item, for people who sort tasks by it."""
    columns = {name: getattr(query, name, None) for name in ("purity", "informativeness")}
    return {
        name: round(float(values[row]), 4) for name, values in columns.items() if values is not None
    }


def _predicted(prediction: tuple[str, float] | None, version: str) -> dict[str, Any]:
    if prediction is None:
        return {}
    name, score = prediction
    result = {
        "from_name": CHOICE,
        "to_name": IMAGE,
        "type": "choices",
        "value": {"choices": [name]},
    }
    return {"predictions": [{"model_version": version, "score": float(score), "result": [result]}]}
