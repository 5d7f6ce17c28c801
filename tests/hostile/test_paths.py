"""What would never end is not read, and no name in a file leads out of its folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openal import LabeledSet
from openal._files import plain_bytes, plain_json
from openal.errors import ArgumentError, LedgerError, StoreError
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.datasets.images import NAME, tiny_imagenet
from openal.store import Embeddings
from tests.hostile.loaders import READ, refused
from tests.store.made import Items, filled
from tests.walking import walked


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


ENDLESS = {
    "a pipe": pipe,
    "a device": link("/dev/zero"),
    "a terminal": link("/dev/tty"),
    "a folder": folder,
    "a link to itself": link("a"),
    "a link to nothing": link("nothing"),
}


@walked
@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("read", [plain_bytes, plain_json])
def test_what_never_ends_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], read: Callable[[Path], object]
) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError, match="a"):
        read(tmp_path / "a")


@walked
@pytest.mark.parametrize("name, read", READ.values(), ids=READ)
@pytest.mark.parametrize("make", [pipe, link("/dev/zero")], ids=["a pipe", "a device"])
def test_a_loader_does_not_wait_for_it(
    tmp_path: Path, name: str, read: Callable[[Path], object], make: Callable[[Path], None]
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    make(tmp_path / name)
    refused(tmp_path, name, read)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.touch()
    os.truncate(path, 10 * 2**30)
    with pytest.raises(OSError, match="more than 1073741824 bytes"):
        plain_json(path)


@walked
@pytest.mark.parametrize("depth", [60, 900, 100_000])
@pytest.mark.parametrize("ends", [("[", "]"), ('{"a":', "}")], ids=["list", "object"])
def test_json_is_not_nested_without_end(tmp_path: Path, depth: int, ends: tuple[str, str]) -> None:
    path = tmp_path / "deep.json"
    path.write_text(ends[0] * depth + "0" + ends[1] * depth)
    with pytest.raises((ValueError, RecursionError)):
        plain_json(path)


@walked
@pytest.mark.parametrize("name", ["shard-00001.npy", "shard-00006.npy", "manifest.json"])
@pytest.mark.parametrize(
    "make", [link("/dev/zero"), pipe, folder], ids=["device", "pipe", "folder"]
)
def test_no_part_of_a_store_is_anything_else_than_a_file(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    store = filled(tmp_path / "store", Items())
    (store.folder / name).unlink()
    make(store.folder / name)
    with pytest.raises(StoreError, match=name.replace(".", r"\.")):
        Embeddings(store.folder)


@walked
@pytest.mark.parametrize("name", ["lock", "shard-00001.npy"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, name: str) -> None:
    store = filled(tmp_path / "store", Items(), part=(0, 2))
    (store.folder / name).unlink(missing_ok=True)
    (store.folder / name).mkdir()
    with pytest.raises(StoreError, match=f"{name} is a folder"):
        filled(store.folder, Items())


def test_a_lock_that_is_a_link_is_named(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", Items(), part=(0, 2))
    (store.folder / "lock").unlink()
    (store.folder / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="lock is a link"):
        filled(store.folder, Items())
    assert not (tmp_path / "elsewhere").exists()


@walked
@pytest.mark.parametrize("name", ["../secret.JPEG", "/secret.JPEG", "a/b.JPEG", "", ".."])
def test_the_names_of_images_do_not_lead_out(tmp_path: Path, name: str) -> None:
    root = tmp_path / NAME
    for path in ("train/n01/a.JPEG", "train/n02/b.JPEG", "val/images/c.JPEG", "val/secret.JPEG"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / path, format="jpeg")
    (root / "words.txt").write_text("n01\tcrane\nn02\towl\n")
    (root / "val" / "val_annotations.txt").write_text(f"c.JPEG\tn01\n{name}\tn01\n")
    with pytest.raises(ArgumentError, match=r"val_annotations\.txt, line 2: the name of an image"):
        tiny_imagenet(tmp_path)


@walked
@pytest.mark.parametrize("line", ["no tab", "c.JPEG\tn03", "\xff"])
def test_lists_of_images_that_are_none(tmp_path: Path, line: str) -> None:
    root = tmp_path / NAME
    for path in ("train/n01/a.png", "train/n02/b.png", "val/images/c.JPEG"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / path, format="png")
    (root / "words.txt").write_text("n01\tcrane\n")
    (root / "val" / "val_annotations.txt").write_bytes(line.encode("latin-1"))
    with pytest.raises(ArgumentError, match=r"val_annotations\.txt"):
        tiny_imagenet(tmp_path)


def test_a_run_with_a_part_of_another_kind_is_damaged(tmp_path: Path) -> None:
    """It would be compared with others, and fail there."""
    run = {"asked": [[3]], "accuracy": [0.5], "precision": ["a"], "recall": [0.1]}
    cell = {"settings": {}, "strategy": "A()", "run": run, "seconds": [1]}
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "A-seed0.json").write_text(json.dumps(cell))
    with pytest.raises(ArgumentError, match=r"A-seed0\.json is damaged \(.*accuracy has 1 values"):
        ResultsFolder(tmp_path, {}).load("A", 0, "A()")


@walked
@pytest.mark.parametrize("path", [7, True, b"a.db", ["a.db"]], ids=repr)
def test_what_is_no_path_of_a_ledger_is_refused(path: Any) -> None:
    with pytest.raises(ArgumentError, match="path must be the name of a file, got"):
        LabeledSet(3, 2, path)


@walked
@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + "/a.db"], ids=["file", "folder"])
def test_a_ledger_with_a_name_that_is_too_long_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LedgerError, match="cannot be used as a ledger: File name too long"):
        LabeledSet(3, 2, tmp_path / name)
