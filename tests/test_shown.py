"""Queries tell keys beside indices, as a frame too, and show their images in a notebook."""

import base64
import pickle
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from openal._keys import Keys
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.query import Query
from openal.strategies import NEAT, Random
from tests.walking import walked

KEYS = [f"{letter}<b>.jpg" for letter in "abcdef"]
EMBEDDINGS = np.random.default_rng(0).standard_normal((6, 4))


def asked(items: Any = None, keys: Any = KEYS, budget: int = 3) -> Query:
    pool = Pool(items, embeddings=EMBEDDINGS, keys=keys)
    return Random().query(pool, LabeledSet(6, 2), budget, seed=0)


def pictures(html: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [Image.open(BytesIO(base64.b64decode(data))) for data in found]


# --- keys


def test_a_query_tells_the_keys_of_its_items() -> None:
    query = asked()
    assert query.keys == tuple(KEYS[index] for index in query)
    assert asked(keys=None).keys is None


def test_a_frame_has_a_column_of_keys_where_the_pool_has_some() -> None:
    frame = asked().to_frame()
    assert frame["key"].tolist() == [KEYS[index] for index in frame["index"]]
    assert "key" not in asked(keys=None).to_frame()


def test_a_pool_hands_its_keys_on_without_a_copy() -> None:
    pool = Pool(embeddings=EMBEDDINGS, keys=KEYS)
    assert isinstance(pool.keys, Keys)
    assert pool.with_signals(logits=np.zeros((6, 2))).keys is pool.keys
    assert LabeledSet(6, 2, keys=pool.keys).keys is pool.keys


def test_keys_of_another_number_are_refused() -> None:
    with pytest.raises(ArgumentError, match="keys must be one per item, 6 here, got 5"):
        Pool(embeddings=EMBEDDINGS, keys=KEYS[:5])


def test_a_pool_and_a_ledger_of_other_keys_are_refused() -> None:
    pool = Pool(embeddings=EMBEDDINGS, keys=KEYS)
    labeled = LabeledSet(6, 2, keys=[*KEYS[:4], "x", "y"])
    words = "item 4 is 'e<b>.jpg' in the pool and 'x' in labeled"
    with pytest.raises(ArgumentError, match=words):
        Random().query(pool, labeled, 2)


def test_keys_change_no_query() -> None:
    assert asked().indices.tolist() == asked(keys=None).indices.tolist()


# --- images

PICTURE = Image.new("L", (200, 100), 128)
ITEMS: dict[str, Any] = {
    "images": [PICTURE] * 6,
    "pairs": [(PICTURE, 1)] * 6,
    "float tensors": torch.rand(6, 3, 50, 100),
    "normalized tensors": torch.randn(6, 3, 50, 100),
    "gray arrays": np.zeros((6, 50, 100), np.uint8),
    "color arrays": [np.zeros((50, 100, 3), np.uint8)] * 6,
}


@walked
@pytest.mark.parametrize("kind", ITEMS)
def test_the_images_of_a_data_set_are_in_the_page_itself(kind: str) -> None:
    html = asked(ITEMS[kind]).show(size=40)._repr_html_()
    assert [image.size for image in pictures(html)] == [(80, 40)] * 3
    assert "http" not in html


@walked
@pytest.mark.parametrize("as_items", [True, False])
def test_images_are_read_from_paths(tmp_path: Path, as_items: bool) -> None:
    names = [f"{letter}.png" for letter in "abcdef"]
    for name in names[:5]:
        PICTURE.save(tmp_path / name)
    (tmp_path / names[5]).write_bytes(b"broken")
    if as_items:
        shown = asked([tmp_path / name for name in names], budget=6).show()
    else:
        shown = asked(keys=names, budget=6).show(folder=tmp_path)
    assert len(pictures(shown._repr_html_())) == 5
    assert shown._repr_html_().count("no image") == 1


@walked
@pytest.mark.parametrize("items", [None, ["text"] * 6, np.zeros((6, 7)), [{"no": 1}] * 6])
def test_what_is_no_image_has_its_name_and_numbers(items: Any) -> None:
    html = asked(items).show()._repr_html_()
    assert (pictures(html), html.count("no image")) == ([], 3)


def test_names_are_escaped() -> None:
    assert "<b>" not in asked().show()._repr_html_()
    assert "a&lt;b&gt;.jpg" in asked(budget=6).show()._repr_html_()


def test_the_numbers_stand_under_the_image_and_in_the_table() -> None:
    random = np.random.default_rng(1)
    pool = Pool(embeddings=EMBEDDINGS, logits=random.standard_normal((6, 2)))
    labeled = LabeledSet(6, 2)
    labeled.add([0, 1], [0, 1])
    query = NEAT(k=1).query(pool, labeled, 2, seed=0)
    shown = query.show()
    assert query.purity is not None
    told = f"{query.purity[0].item():.3g}"
    assert f"purity {told}" in shown._repr_html_()
    first, second = repr(shown).splitlines()[:2]
    assert first.split() == ["item", "purity", "informativeness"]
    assert second.split()[:2] == [str(query.indices[0]), told]


def test_a_pickled_query_leaves_the_data_set_behind() -> None:
    copied = pickle.loads(pickle.dumps(asked([PICTURE] * 6)))
    assert copied.keys == asked().keys
    assert pictures(copied.show()._repr_html_()) == []
    assert len(pictures(copied.show([PICTURE] * 6)._repr_html_())) == 3


@walked
@pytest.mark.parametrize(
    "arguments, keys",
    [({"folder": "no/such/folder"}, KEYS), ({"folder": "."}, None), ({"size": 0}, KEYS)],
)
def test_what_cannot_be_shown(arguments: Any, keys: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(arguments))):
        asked(keys=keys).show(**arguments)
