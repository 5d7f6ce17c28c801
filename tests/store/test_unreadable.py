"""Items that cannot be read are listed, and nothing else suffers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import StoreError
from tests.store.made import Items, content, encode, expected, filled


class Odd(Items):
    """Items of which one has another shape."""

    def __getitem__(self, index: int) -> Any:
        return torch.zeros(2, 2) if index == 7 else super().__getitem__(index)


def test_they_are_listed_with_their_reasons(tmp_path: Path) -> None:
    store = filled(tmp_path, Items(broken=(11, 30)))
    assert store.unreadable.tolist() == [11, 30]
    assert store.reasons[11] == "OSError: <object object at 0x> is no image"


def test_a_shard_without_a_readable_item_has_no_file(tmp_path: Path) -> None:
    items = Items(broken=tuple(range(8)))
    store = filled(tmp_path, items)
    assert "shard-00000.npy" not in content(tmp_path)
    np.testing.assert_array_equal(store[:], expected(items))
    store.verify()


def test_no_readable_item_at_all(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="none of its items could be read"):
        filled(tmp_path, Items(broken=tuple(range(50))))


def test_an_item_of_another_shape(tmp_path: Path) -> None:
    store = filled(tmp_path, Odd())
    assert store.reasons == {7: "its shape is (2, 2); others have (4,)"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 7e4])
def test_an_embedding_that_is_not_finite(tmp_path: Path, value: float) -> None:
    def failing(x: Tensor) -> Tensor:
        return torch.where(x[:, :1] == Items().x[9, 0], value, encode(x))

    store = filled(tmp_path, Items(), failing)
    assert store.reasons == {9: "not finite as float16"}
    np.testing.assert_array_equal(store[:], expected(Items(broken=(9,))))


def test_memory_that_runs_out_is_no_broken_item(tmp_path: Path) -> None:
    class Large(Items):
        def __getitem__(self, index: int) -> Any:
            raise MemoryError

    with pytest.raises(MemoryError):
        filled(tmp_path, Large())
    assert json.loads((tmp_path / "manifest.json").read_text())["rows_done"] == 0
