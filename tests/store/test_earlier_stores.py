"""Stores of an earlier release kept no names and no checksums: they are brought up to date once."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from openal.errors import StoreError
from openal.store import Embeddings, Images, _image_opening, build_store, image_names
from openal.store._listing import Listing
from tests.store.pictures import (
    BROKEN,
    LONG_AGO,
    pixels,
    put,
    row_of,
    rows_by_name,
    same,
    update,
    write,
)


class AnyItems:
    """The same items, of which the store knows nothing but what an earlier release told it."""

    def __init__(self, images: Images) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        return self.images[index]


pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write(tmp_path / "photos", a=1, b=2, c=3, d=4, e=5)
    put(tmp_path / "photos" / "f.ppm", BROKEN)
    for path in (tmp_path / "photos").iterdir():
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return tmp_path / "photos"


@pytest.fixture
def folder(tmp_path: Path, photos: Path) -> Path:
    """A store as the release before wrote it."""
    images = Images(photos, image_names(photos), pixels)
    store = build_store(
        tmp_path / "store",
        AnyItems(images),
        same,
        fingerprint={"encoder": "pixels"},
        identities=images.identities(),
        shard_rows=4,
        batch_size=3,
    )
    assert store.names is None and '"openal embeddings 1"' in manifest(store.folder)
    return store.folder


def manifest(folder: Path) -> str:
    return (folder / "manifest.json").read_text()


def refuse(_: Any) -> Any:
    raise AssertionError("computed again")


def test_it_learns_the_names_and_checksums_and_computes_nothing(folder: Path, photos: Path) -> None:
    shard = (folder / "shard-00000.npy").read_bytes()
    store, match = update(folder, photos, encode=refuse)
    assert store.names == tuple(image_names(photos)) and not match.is_change
    assert (folder / "shard-00000.npy").read_bytes() == shard
    assert '"openal embeddings 2"' in manifest(folder)


def test_checksums_are_computed_once(
    folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(folder, photos)
    read: list[str] = []

    def noted(paths: Iterable[str]) -> list[None]:
        read.extend(paths)
        return [None for _ in read]

    monkeypatch.setattr(_image_opening, "read_together", noted)
    update(folder, photos, encode=refuse)
    assert not read


def test_its_unreadable_images_are_tried_again(folder: Path, photos: Path) -> None:
    put(photos / "f.ppm", BROKEN[:-1] + b"!")
    update(folder, photos)
    write(photos, f=6)
    assert rows_by_name(update(folder, photos)[0])["f"] == row_of(6)


def test_from_then_on_it_grows(folder: Path, photos: Path) -> None:
    update(folder, photos)
    write(photos, b=20, g=7)
    (photos / "a.ppm").unlink()
    store, match = update(folder, photos)
    assert (match.new, match.retired, match.replaced) == (("g.ppm",), ("a.ppm",), ("b.ppm",))
    assert rows_by_name(store)["b"] == row_of(20)


def test_where_its_names_are_not_known_another_folder_is_refused(
    folder: Path, photos: Path
) -> None:
    write(photos, g=7)
    before = manifest(folder)
    with pytest.raises(StoreError, match="which did not keep the names of its images"):
        update(folder, photos)
    assert manifest(folder) == before


@pytest.mark.parametrize("dated", [time.time_ns(), LONG_AGO], ids=["now", "long ago"])
def test_where_a_project_knows_the_names_what_changed_since_is_embedded_anew(
    folder: Path, photos: Path, dated: int
) -> None:
    before = Listing.of(image_names(photos))
    write(photos, b=20, g=7)
    os.utime(photos / "b.ppm", ns=(dated, dated))
    (photos / "a.ppm").unlink()
    seen: list[int] = []
    store, match = update(
        folder,
        photos,
        before=before,
        encode=lambda x: (seen.extend(x.numpy()[:, 0].astype(int).tolist()), x)[1],
    )
    assert (match.new, match.retired) == (("g.ppm",), ("a.ppm",)) and sorted(seen) == [7, 20]
    assert rows_by_name(store)["b"] == row_of(20) and store[0].tolist() == row_of(1)
    assert not store.replaced


def test_a_project_that_was_killed_after_it_took_in_images_goes_on(
    folder: Path, photos: Path
) -> None:
    names = image_names(photos)
    write(photos, g=7)
    store, match = update(folder, photos, before=Listing.of([*names, "g.ppm"]))
    assert not match.is_change and rows_by_name(store)["g"] == row_of(7)


def test_one_that_was_interrupted_goes_on(tmp_path: Path, photos: Path) -> None:
    images = Images(photos, image_names(photos), pixels)

    def stopping(x: Any) -> Any:
        if 5 in x.numpy()[:, 0].astype(int).tolist():
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        build_store(
            tmp_path / "s",
            AnyItems(images),
            stopping,
            fingerprint={"encoder": "pixels"},
            identities=images.identities(),
            shard_rows=4,
            batch_size=3,
        )
    assert Embeddings(tmp_path / "s", partial=True).missing == 2
    store, _ = update(tmp_path / "s", photos)
    assert rows_by_name(store)["e"] == row_of(5)


def test_a_store_of_other_items_stays_as_it_is(tmp_path: Path, photos: Path) -> None:
    images = Images(photos, image_names(photos)[:5], pixels)
    for _ in range(2):
        store = build_store(tmp_path / "s", AnyItems(images), same, fingerprint={})
        assert store.names is None and not len(store.retired) and not store.replaced
    assert '"openal embeddings 1"' in manifest(tmp_path / "s")
