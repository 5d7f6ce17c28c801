"""A store is filled once, whatever interrupts it, and only with what it is about."""

import contextlib
import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import store
from openal.errors import ArgumentError, ModelError, StoreError
from openal.store import Embeddings
from tests.store.made import Items, N, content, encode, expected, filled
from tests.walking import walked


def interrupted(folder: Path, items: Items, batches: int, **changes: Any) -> None:
    """Fill, and stop when the encoder has seen some batches."""
    seen = 0

    def stopping(x: Tensor) -> Tensor:
        nonlocal seen
        seen += 1
        if seen > batches:
            raise KeyboardInterrupt
        return encode(x)

    with pytest.raises(KeyboardInterrupt):
        filled(folder, items, stopping, **changes)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("workers", [0, 2])
def test_it_holds_what_the_encoder_gives(tmp_path: Path, dtype: str, workers: int) -> None:
    items = Items(broken=(0, 20, 49))
    store = filled(tmp_path, items, dtype=dtype, workers=workers)
    assert store.dtype == dtype
    np.testing.assert_array_equal(np.asarray(store), expected(items, dtype))


def test_the_defaults_are_float16_and_an_order_that_stays(tmp_path: Path) -> None:
    items = Items(300)
    store = filled(tmp_path, items, dtype=None, shard_rows=None, batch_size=None)
    np.testing.assert_array_equal(store[:], expected(items, "float16"))
    assert sorted(content(tmp_path)) == ["lock", "manifest.json", "shard-00000.npy"]


def test_the_files_are_those_of_numpy(tmp_path: Path) -> None:
    filled(tmp_path, Items())
    shard = np.load(tmp_path / "shard-00002.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(shard, expected(Items())[16:24])


@pytest.mark.parametrize("batches", [0, 1, 3, 4, 11, 17])
def test_interrupted_it_goes_on_and_ends_the_same(tmp_path: Path, batches: int) -> None:
    items = Items(broken=(3, 40))
    filled(tmp_path / "whole", items)
    interrupted(tmp_path / "parts", items, batches)
    interrupted(tmp_path / "parts", items, 2)
    filled(tmp_path / "parts", items)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


class Stopped(BaseException):
    """What nothing catches: the process is gone."""


@pytest.mark.long
@pytest.mark.parametrize("before", [True, False])
def test_stopped_at_every_step_of_writing_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    filled(tmp_path / "whole", Items(20))
    steps, left, replace = 0, 0, Path.replace
    while not left:  # with one more step done each time, until the last is not the end
        steps, left, out = steps + 1, steps + 1, tmp_path / str(steps)

        def step(function: Any, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and before:
                raise Stopped
            result = function(*arguments)
            if left == 0:
                raise Stopped
            return result

        with monkeypatch.context() as patch, contextlib.suppress(Stopped):
            patch.setattr(os, "fsync", partial(step, os.fsync))
            patch.setattr(Path, "replace", lambda *paths: step(replace, *paths))
            filled(out, Items(20))
        filled(out, Items(20))
        assert content(out) == content(tmp_path / "whole")
    assert steps > 3 * 7


def test_a_finished_shard_is_not_computed_again(tmp_path: Path) -> None:
    interrupted(tmp_path, Items(), batches=7)  # three batches to a shard: two are finished
    sizes: list[int] = []
    filled(tmp_path, Items(), lambda x: (sizes.append(len(x)), encode(x))[1])
    assert sum(sizes) == N - 16


def test_a_finished_store_is_not_written(tmp_path: Path) -> None:
    filled(tmp_path, Items())
    times = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]}
    filled(tmp_path, Items(), lambda x: pytest.fail("computed again"))
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_parts_at_once_make_the_same_store(tmp_path: Path) -> None:
    filled(tmp_path / "whole", Items())
    threads = [
        threading.Thread(target=filled, args=(tmp_path / "parts", Items()), kwargs={"part": part})
        for part in [(0, 2), (1, 2), (1, 2)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_a_part_may_lack_the_rows_of_others(tmp_path: Path) -> None:
    store = filled(tmp_path, Items(), part=(1, 2))
    assert store.missing == 26
    np.testing.assert_array_equal(store[8:16], expected(Items())[8:16])
    with pytest.raises(StoreError, match="26 of 50 rows are missing"):
        store[0]


@pytest.mark.long
@walked
@pytest.mark.parametrize("file", ["shard-00001.npy", "shard-00006.npy"])
@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "link"])
def test_a_lost_shard_is_computed_anew(tmp_path: Path, file: str, damage: str) -> None:
    filled(tmp_path / "store", Items())
    before, path = content(tmp_path / "store"), tmp_path / "store" / file
    path.rename(tmp_path / "elsewhere")
    if damage == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif damage != "gone":
        path.write_bytes(before[file][:-1] if damage == "cut" else b"")
    with pytest.raises(StoreError, match=f"{file} is damaged.*fill the store again"):
        Embeddings(tmp_path / "store")
    filled(tmp_path / "store", Items())
    assert content(tmp_path / "store") == before
    assert (tmp_path / "elsewhere").read_bytes() == before[file]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"fingerprint": {"encoder": "b"}}, "encoder was 'a' and is 'b' now"),
    ({"fingerprint": {"encoder": "a", "crop": "7"}}, "crop was None and is '7' now"),
    ({"dtype": "float32"}, "dtype was 'float16' and is 'float32' now"),
    ({"identities": [f"{n}.jpg" for n in range(N)]}, "names of the items was '[0-9a-f]{64}' and "),
]


@walked
@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("changes, message", REFUSED, ids=[message for _, message in REFUSED])
def test_other_embeddings_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str, finished: bool
) -> None:
    names = [f"{n}.png" for n in range(N)]
    if finished:
        filled(tmp_path, Items(), identities=names)
    else:
        interrupted(tmp_path, Items(), 7, identities=names)
    before = content(tmp_path)
    with pytest.raises(StoreError, match=message):
        filled(tmp_path, Items(), **({"identities": names} | changes))
    assert content(tmp_path) == before


def test_other_items_are_refused(tmp_path: Path) -> None:
    filled(tmp_path, Items())
    with pytest.raises(StoreError, match="number of items was 50 and is 51 now"):
        filled(tmp_path, Items(51))
    with pytest.raises(StoreError, match="mean input of item 0 was"):
        filled(tmp_path, Items(seed=1))


def test_other_batches_would_give_other_digits(tmp_path: Path) -> None:
    interrupted(tmp_path, Items(), 7)
    with pytest.raises(StoreError, match="batch_size was 3 and is 4 now"):
        filled(tmp_path, Items(), batch_size=4)
    filled(tmp_path, Items(), batch_size=None, shard_rows=None)
    filled(tmp_path, Items(), batch_size=4)


def test_an_item_may_have_been_repaired(tmp_path: Path) -> None:
    filled(tmp_path, Items(broken=(0,)))
    assert filled(tmp_path, Items()).unreadable.tolist() == [0]


def test_a_bar_begins_where_the_store_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(tmp_path, Items(), 7)
    filled(tmp_path, Items(), progress=True)
    bars = capsys.readouterr().err.split("\r")
    assert "16/50 [00:00<?" in bars[1]
    assert "50/50" in bars[-1] and "item/s" in bars[-1]


def test_random_numbers_are_left_alone(tmp_path: Path) -> None:
    state = torch.get_rng_state()
    filled(tmp_path, Items(), workers=1)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_module_runs_in_evaluation_mode(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(4, 2))
    store = filled(tmp_path, Items(), module, dtype="float32")
    assert module.training
    direct = module.eval()(Items().x).detach().numpy()
    np.testing.assert_allclose(store[:], direct, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "encoder, message",
    [
        (lambda x: x[0], r"\[3, D\]"),
        (lambda x: x[:, 0], r"\[3, D\]"),
        (lambda x: [1], "list"),
        (lambda x: x / 0 * 0, "NaN"),
        (lambda x: x + 1e6, "infinity as float16"),
    ],
)
def test_an_encoder_that_gives_no_embeddings(tmp_path: Path, encoder: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        filled(tmp_path, Items(), encoder)


def test_an_encoder_of_another_length(tmp_path: Path) -> None:
    interrupted(tmp_path, Items(), 7)
    with pytest.raises(StoreError, match="encode gives 4 columns and gave 6 before"):
        filled(tmp_path, Items(), lambda x: x)


BAD: list[dict[str, Any]] = [
    {"part": (2, 2)},
    {"part": (-1, 2)},
    {"part": 1},
    {"dtype": "int8"},
    {"shard_rows": -1},
    {"batch_size": 1.5},
    {"workers": -1},
    {"fingerprint": {"a": 1}},
    {"fingerprint": "a"},
    {"identities": ["a"]},
    {"identities": range(N)},
]


@walked
@pytest.mark.parametrize("changes", BAD, ids=str)
def test_bad_arguments_write_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(changes))):
        filled(tmp_path / "store", Items(), **changes)
    assert not (tmp_path / "store").exists()


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StoreError, match=r"'thesis.tex' and no manifest.json"):
        filled(tmp_path, Items())
    with pytest.raises(StoreError, match="is a file"):
        filled(tmp_path / "thesis.tex", Items())
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_lost_manifest_is_told_and_the_advice_helps(tmp_path: Path) -> None:
    filled(tmp_path / "store", Items())
    before = content(tmp_path / "store")
    (tmp_path / "store" / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"or delete the folder .*store and do the same again"):
        filled(tmp_path / "store", Items())
    shutil.rmtree(tmp_path / "store")
    filled(tmp_path / "store", Items())
    assert content(tmp_path / "store") == before


def test_what_a_killed_process_was_writing_is_swept(tmp_path: Path) -> None:
    filled(tmp_path / "whole", Items())
    interrupted(tmp_path / "parts", Items(), 7)
    (tmp_path / "parts" / ".shard-00002.npy.4711-0a1b2c3d.part").write_bytes(b"half")
    filled(tmp_path / "parts", Items())
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_the_name_of_before_still_works_and_says_so() -> None:
    with pytest.warns(DeprecationWarning, match="build_store"):
        assert store.fill is store.build_store
