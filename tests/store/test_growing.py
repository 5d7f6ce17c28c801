"""A store of images follows its folder: what is new, gone, renamed, replaced, repaired or back."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import LabeledSet, Pool
from openal.errors import ArgumentError, StoreError
from openal.simulate.datasets._encoders import embedder_of
from openal.store import Embeddings, Images, _image_opening, _stamps, build_store, image_names
from openal.store import images as images_module
from openal.strategies import Random
from tests.store.pictures import (
    BROKEN,
    pixels,
    put,
    row_of,
    rows_by_name,
    same,
    update,
    write,
)

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write(tmp_path / "photos", a=1, b=2, c=3, d=4, e=5)
    return tmp_path / "photos"


@pytest.fixture
def folder(tmp_path: Path, photos: Path) -> Path:
    return update(tmp_path / "store", photos)[0].folder


class Seen:
    """An encoder that remembers what it was given."""

    def __init__(self) -> None:
        self.colors: list[int] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.colors += x.numpy()[:, 0].astype(int).tolist()
        return x


def refuse(x: Tensor) -> Tensor:
    raise AssertionError("computed again")


def listing(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_what_is_unchanged_is_neither_read_nor_computed_nor_written(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(folder)
    monkeypatch.setattr(_stamps, "read_stamp", lambda path: pytest.fail("read again"))
    monkeypatch.setattr(images_module, "read_image", lambda *_: pytest.fail("read again"))
    update(folder, photos, encode=refuse)
    assert listing(folder) == before


def test_new_images_have_rows_at_the_end(folder: Path, photos: Path) -> None:
    write(photos, aa=6, z=7)
    encode = Seen()
    store, match = update(folder, photos, encode=encode)
    assert store.names == ("a.ppm", "b.ppm", "c.ppm", "d.ppm", "e.ppm", "aa.ppm", "z.ppm")
    assert store[:].tolist() == [row_of(c) for c in range(1, 8)]
    assert match.new == ("aa.ppm", "z.ppm") and sorted(encode.colors) == [6, 7]


def test_images_that_are_gone_keep_their_rows_and_are_retired(folder: Path, photos: Path) -> None:
    (photos / "b.ppm").unlink()
    store, match = update(folder, photos, encode=refuse)
    assert match.retired == ("b.ppm",) and store.retired.tolist() == [1]
    assert store[1].tolist() == row_of(2) and store.names is not None and len(store) == 5


def test_a_retired_image_is_never_asked_about_and_its_answer_counts(
    folder: Path, photos: Path
) -> None:
    (photos / "b.ppm").unlink()
    (photos / "c.ppm").unlink()
    store, _ = update(folder, photos)
    pool, labeled = Pool(embeddings=store, keys=store.keys), LabeledSet(5, 2)
    labeled.add(1, 0)
    query = Random().query(pool, labeled, budget=5, seed=0)
    assert sorted(query.indices.tolist()) == [0, 3, 4]
    assert pool.view(labeled, reads=("embeddings",)).known.indices.tolist() == [1]


def test_one_that_comes_back_has_its_row_again(folder: Path, photos: Path) -> None:
    (photos / "b.ppm").rename(photos.parent / "b.ppm")
    update(folder, photos)
    (photos.parent / "b.ppm").rename(photos / "b.ppm")
    store, match = update(folder, photos, encode=refuse)
    assert match.returned == ("b.ppm",) and not len(store.retired) and len(store) == 5


def test_one_that_comes_back_under_another_name_has_its_row_too(folder: Path, photos: Path) -> None:
    (photos / "b.ppm").unlink()
    update(folder, photos)
    write(photos, elsewhere=2)
    store, match = update(folder, photos, encode=refuse)
    assert match.returned == ("elsewhere.ppm",) and store.names is not None
    assert store.names[1] == "elsewhere.ppm"


def test_other_bytes_under_the_name_of_a_retired_one_are_new(folder: Path, photos: Path) -> None:
    (photos / "b.ppm").unlink()
    update(folder, photos)
    write(photos, b=9)
    store, match = update(folder, photos)
    assert match.new == ("b.ppm",) and store.retired.tolist() == [1]
    assert store.keys == ("a.ppm", "b.ppm", "c.ppm", "d.ppm", "e.ppm", "b.ppm (5)")
    assert rows_by_name(store)["b"] == row_of(9)


def test_a_renamed_folder_renames_its_images(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        write(tmp_path / "photos" / "in", **{name: len(name)})
    update(tmp_path / "store", tmp_path / "photos")
    (tmp_path / "photos" / "in").rename(tmp_path / "photos" / "out")
    store, match = update(tmp_path / "store", tmp_path / "photos", encode=refuse)
    assert match.renamed == tuple((f"in/{n}.ppm", f"out/{n}.ppm") for n in ("one", "three", "two"))
    assert store.keys == ("in/one.ppm", "in/three.ppm", "in/two.ppm")


def test_the_folder_of_all_images_may_be_renamed(folder: Path, photos: Path) -> None:
    moved = photos.rename(photos.parent / "moved")
    _, match = update(folder, moved, encode=refuse)
    assert not match.is_change


def test_forty_pictures_replaced_by_others_of_the_same_size(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write(photos, **{f"p{n:03}": n for n in range(50)})
    update(tmp_path / "store", photos, shard_rows=16)
    write(photos, **{f"p{n:03}": 100 + n for n in range(40)})
    encode = Seen()
    store, match = update(tmp_path / "store", photos, shard_rows=16, encode=encode)
    assert len(match.replaced) == 40 == len(encode.colors)
    assert store[:].tolist() == [row_of(100 + n if n < 40 else n) for n in range(50)]
    assert [*store.replaced] == [*range(40)]


def test_a_replaced_file_with_the_times_of_the_old_one_is_seen(folder: Path, photos: Path) -> None:
    before = (photos / "b.ppm").stat()
    write(photos, b=9)
    os.utime(photos / "b.ppm", ns=(before.st_atime_ns, before.st_mtime_ns))
    store, match = update(folder, photos)
    assert match.replaced == ("b.ppm",) and store[1].tolist() == row_of(9)


def test_what_no_hint_can_see_is_seen_by_reading_all(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = {path.name: _stamps.look(str(path)) for path in photos.iterdir()}
    write(photos, b=9)
    monkeypatch.setattr(images_module, "look", lambda path: hints[Path(path).name])
    assert not update(folder, photos)[1].replaced
    assert update(folder, photos, reread=True)[1].replaced == ("b.ppm",)


def test_a_file_of_a_moment_ago_is_read_again(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change within the same tick of the clock would leave the same times."""
    monkeypatch.setattr(_stamps, "GRAIN", 10**12)
    update(tmp_path / "store", photos)
    hints = {path.name: _stamps.look(str(path)) for path in photos.iterdir()}
    write(photos, b=9)
    monkeypatch.setattr(images_module, "look", lambda path: hints[Path(path).name])
    assert update(tmp_path / "store", photos)[1].replaced == ("b.ppm",)


def test_files_that_changed_places_keep_their_rows(folder: Path, photos: Path) -> None:
    write(photos, a=2, b=1)
    store, match = update(folder, photos, encode=refuse)
    assert {*match.renamed} == {("a.ppm", "b.ppm"), ("b.ppm", "a.ppm")}
    assert rows_by_name(store)["a"] == row_of(2) and store[0].tolist() == row_of(1)


def test_an_unreadable_image_is_tried_again(tmp_path: Path, photos: Path) -> None:
    put(photos / "b.ppm", BROKEN)
    store, _ = update(tmp_path / "store", photos)
    assert store.unreadable.tolist() == [1]
    write(photos, b=8)
    store, _ = update(tmp_path / "store", photos)
    assert not len(store.unreadable) and store[1].tolist() == row_of(8)


def test_a_repaired_image_replaces_no_picture(tmp_path: Path, photos: Path) -> None:
    put(photos / "b.ppm", BROKEN)
    update(tmp_path / "store", photos)
    write(photos, b=8)
    assert not update(tmp_path / "store", photos)[0].replaced


def out_of_files(*_: Any) -> Any:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("failing", ["read_image", "read_stamp", "both"])
def test_a_read_error_that_passes_is_forgotten(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    with monkeypatch.context() as patch:
        if failing != "read_stamp":
            patch.setattr(images_module, "read_image", out_of_files)
        if failing != "read_image":
            patch.setattr(images_module, "read_stamp", lambda path: None)
        if failing == "read_stamp":
            update(tmp_path / "store", photos)
        else:
            with pytest.raises(StoreError, match="Too many open files"):
                update(tmp_path / "store", photos)
    store, _ = update(tmp_path / "store", photos)
    assert not len(store.unreadable) and store[:].tolist() == [row_of(c) for c in range(1, 6)]
    update(tmp_path / "store", photos, encode=refuse)


def test_a_file_that_cannot_be_read_now_keeps_the_row_it_has(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(photos, b=9)
    with monkeypatch.context() as patch:
        patch.setattr(_image_opening, "read_together", lambda paths: [None for _ in paths])
        store, match = update(folder, photos)
    assert match.unread == ("b.ppm",) and store[1].tolist() == row_of(2)
    assert update(folder, photos)[0][1].tolist() == row_of(9)


def test_one_that_can_be_read_for_its_checksum_alone_keeps_its_row_too(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(photos, b=9)
    with monkeypatch.context() as patch:
        patch.setattr(images_module, "read_image", out_of_files)
        patch.setattr(images_module, "read_stamp", lambda path: None)
        store, _ = update(folder, photos)
    assert store[1].tolist() == row_of(2) and not len(store.unreadable)
    assert update(folder, photos)[0][1].tolist() == row_of(9)


def test_an_embedding_is_never_beside_the_checksum_of_other_bytes(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(photos, b=9)
    with monkeypatch.context() as patch:
        patch.setattr(images_module, "read_stamp", lambda path: None)
        assert update(folder, photos)[0][1].tolist() == row_of(9)
    write(photos, b=2)  # the bytes of before
    assert update(folder, photos)[0][1].tolist() == row_of(2)


def test_one_of_another_shape_is_not_tried_again_alone(tmp_path: Path, photos: Path) -> None:
    def odd(image: Any) -> Tensor:
        x = pixels(image)
        return x[:2] if x[0] == 3 else x

    for encode in (same, refuse):
        store, _ = update(tmp_path / "s", photos, transform=odd, encode=encode)
        assert store.unreadable.tolist() == [2]


def test_a_link_to_itself_and_a_loop_of_folders_change_nothing(folder: Path, photos: Path) -> None:
    (photos / "self.ppm").symlink_to("self.ppm")
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    store, match = update(folder, photos)
    assert match.new == ("self.ppm",) and store.unreadable.tolist() == [5]
    store, match = update(folder, photos, encode=refuse)
    assert not match.is_change and len(store) == 6


def test_copies_are_matched_one_to_one_in_the_order_of_names(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write(photos, a=1, b=1, c=1, d=2)
    update(tmp_path / "store", photos)
    for before, now in (("a", "z"), ("c", "y")):
        (photos / f"{before}.ppm").rename(photos / f"{now}.ppm")
    _, match = update(tmp_path / "store", photos, encode=refuse)
    assert match.renamed == (("a.ppm", "y.ppm"), ("c.ppm", "z.ppm")) and match.row_of["b.ppm"] == 1


def test_a_folder_without_any_image_of_the_store_is_refused(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", f=11, g=12)
    before = listing(folder)
    with pytest.raises(StoreError, match=r"none of its 5 images is in .*such as 'a.ppm'"):
        update(folder, tmp_path / "other")
    assert listing(folder) == before


def test_files_of_before_are_removed_when_it_is_written_next(folder: Path, photos: Path) -> None:
    old = Embeddings(folder)
    write(photos, b=9)
    update(folder, photos)
    assert old[1].tolist() == row_of(2)  # whoever reads it may go on
    for color in (10, 11):
        write(photos, b=color)
        update(folder, photos)
    names = sorted(path.stem for path in folder.iterdir() if path.suffix == ".npy")
    assert names == ["shard-00000-2", "shard-00000-3", "shard-00001"]


def test_two_parts_at_once_take_in_the_same_images(folder: Path, photos: Path) -> None:
    write(photos, a=31, f=32)
    update(folder, photos, part=(0, 2))
    store, _ = update(folder, photos, part=(1, 2))
    assert rows_by_name(store)["a"] == row_of(31) and rows_by_name(store)["f"] == row_of(32)


def test_images_may_be_given_to_build_store(tmp_path: Path, photos: Path) -> None:
    def built() -> Embeddings:
        images = Images(photos, image_names(photos), pixels)
        return build_store(tmp_path / "s", images, same, fingerprint={"encoder": "pixels"})

    built()
    write(photos, aa=6)
    assert built().names == ("a.ppm", "b.ppm", "c.ppm", "d.ppm", "e.ppm", "aa.ppm")


def test_a_data_set_of_the_same_images_is_accepted_as_before(folder: Path, photos: Path) -> None:
    x = torch.tensor([row_of(color) for color in range(1, 6)])
    fill: Callable[..., Embeddings] = build_store
    store = fill(folder, x, refuse, fingerprint={"encoder": "pixels"})
    assert store.names is not None
    with pytest.raises(StoreError, match="mean input of item"):
        fill(folder, x.flip(0), refuse, fingerprint={"encoder": "pixels"})


def read_whole(folder: Path) -> tuple[str, ...] | None:
    store = Embeddings(folder)
    store.verify()
    return store.names


@pytest.mark.parametrize("ending", [".stamps", ".json", ".npy"])
def test_a_file_that_is_damaged_is_named(folder: Path, ending: str) -> None:
    path = next(p for p in sorted(folder.iterdir()) if p.suffix == ending and p.stem[0] in "is")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreError, match=path.name):
        read_whole(folder)


def test_a_lost_file_of_stamps_is_made_anew(folder: Path, photos: Path) -> None:
    (folder / "shard-00000.stamps").unlink()
    with pytest.raises(StoreError, match=r"shard-00000\.stamps is damaged.*fill the store again"):
        Embeddings(folder)
    store, _ = update(folder, photos)
    np.testing.assert_array_equal(store[:], [row_of(color) for color in range(1, 6)])


def test_a_simulation_takes_a_store_whose_rows_are_in_the_order_of_names_alone(
    folder: Path, photos: Path
) -> None:
    rows = np.arange(5)
    assert embedder_of(None, folder, None, rows, 5) is not None
    write(photos, aa=6)
    (photos / "e.ppm").unlink()
    update(folder, photos)
    with pytest.raises(ArgumentError, match="has grown or lost images"):
        embedder_of(None, folder, None, rows, 6)
