"""What counts as an image of a folder; everything else is left out and counted."""

import os
from pathlib import Path

import pytest

from openal._image_folder import image_files
from openal.errors import ArgumentError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def left_out(root: Path) -> dict[str, dict[str, int]]:
    return {reason: dict(names) for reason, names in image_files(root).left_out.items()}


def test_all_endings_that_pillow_reads(tmp_path: Path) -> None:
    names = ("a.JPG", "b.jfif", "c.jpe", "d.jp2", "e.tga", "f.webp", "g.pbm", "h.tif", "i.bmp")
    assert image_files(touch(tmp_path, *names)).names == names


def test_they_are_sorted_by_the_parts_of_their_paths(tmp_path: Path) -> None:
    names = ("a/y/x.tiff", "a/z.JPG", "a.b/c.webp", "b.png")
    assert image_files(touch(tmp_path, *reversed(names))).names == names


def test_kinds_that_pillow_cannot_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openal._image_folder.image_endings", lambda: frozenset({".png"}))
    touch(tmp_path, "a.png", "b.heic", "sub/c.HEIC", "d.nef", "e.dcm")
    assert image_files(tmp_path).summary() == (
        f"{tmp_path}: 1 images. Left out: images of kinds that Pillow cannot read here: 4 "
        f"(.heic, .dcm, .nef, pip install pillow-heif)."
    )


def test_other_files_are_counted_by_their_endings(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.txt", "c.txt", "Thumbs.db", "README")
    assert left_out(tmp_path) == {"other files": {".txt": 2, ".db": 1, "no ending": 1}}


def test_hidden_files_and_folders_of_systems_are_no_images(tmp_path: Path) -> None:
    touch(tmp_path, "cat.jpg", "._cat.jpg", ".ipynb_checkpoints/cat-checkpoint.jpg")
    touch(tmp_path, "@eaDir/cat.jpg/SYNOPHOTO_THUMB_XL.jpg", "__MACOSX/._cat.jpg", ".DS_Store")
    touch(tmp_path, ".Trash-1000/files/deleted.jpg", "sub/#recycle/a.jpg", "$RECYCLE.BIN/b.jpg")
    assert image_files(tmp_path).names == ("cat.jpg",)
    counts = {reason: sum(names.values()) for reason, names in left_out(tmp_path).items()}
    assert counts == {"hidden": 4, "folders of trash or thumbnails": 4}


def test_a_hidden_folder_that_is_asked_for_is_read(tmp_path: Path) -> None:
    assert image_files(touch(tmp_path / ".cache", "a.png")).names == ("a.png",)


def test_a_linked_folder_counts_like_any_other(tmp_path: Path) -> None:
    touch(tmp_path / "archive", "0.png", "deep/1.png")
    pool = touch(tmp_path / "pool", "own.png")
    (pool / "batch").symlink_to(tmp_path / "archive")
    (pool / "one.png").symlink_to(tmp_path / "archive" / "0.png")
    assert image_files(pool).names == ("batch/0.png", "batch/deep/1.png", "one.png", "own.png")
    assert image_files(pool).left_out == {}


def test_each_real_folder_is_read_once(tmp_path: Path) -> None:
    touch(tmp_path / "archive", "0.png", "deep/1.png")
    pool = touch(tmp_path / "pool", "z/own.png")
    (pool / "a").symlink_to(pool / "z")
    (pool / "b").symlink_to(tmp_path / "archive" / "deep")
    (pool / "c").symlink_to(tmp_path / "archive")
    (pool / "d").symlink_to(tmp_path / "archive")
    assert image_files(pool).names == ("b/1.png", "c/0.png", "z/own.png")
    assert left_out(pool) == {"linked folders that are read already": {"a": 1, "d": 1, "c/deep": 1}}


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_loop_of_links_is_left_out(tmp_path: Path, target: str) -> None:
    pool = touch(tmp_path / "x" / "pool", "sub/a.png")
    (pool / "sub" / "again").symlink_to(target)
    assert image_files(pool).names == ("sub/a.png",)
    assert left_out(pool) == {"links to a folder above themselves": {"sub/again": 1}}


def test_a_loop_in_a_linked_folder_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "archive", "deep/1.png")
    (tmp_path / "archive" / "deep" / "up").symlink_to(tmp_path / "archive")
    pool = touch(tmp_path / "pool", "own.png")
    (pool / "batch").symlink_to(tmp_path / "archive")
    assert image_files(pool).names == ("batch/deep/1.png", "own.png")
    assert left_out(pool) == {"links to a folder above themselves": {"batch/deep/up": 1}}


def test_links_to_themselves_and_to_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    assert image_files(tmp_path).names == ("a.png", "gone.png", "loop.png")
    assert left_out(tmp_path) == {"other files": {"no ending": 1}}


def test_a_folder_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.png", "locked/b.png")
    scandir = os.scandir

    def refused(path: str) -> "os._ScandirIterator[str]":
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ArgumentError, match=r"locked cannot be listed \(Permission denied\)"):
        image_files(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("old/simulation.json", "old/simulation.png"),
        ("old/runs/Random-seed0.json", "old/plot.png"),
        ("old/manifest.json", "old/shard-00000.npy", "old/a.png"),
        ("old.html", "old_files/curves.png"),
    ],
    ids=["results", "killed run", "store", "report"],
)
def test_our_own_results_are_no_images(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert image_files(touch(tmp_path, "cat/a.png", *names)).names == ("cat/a.png",)
    assert "folders of openal's results" in left_out(tmp_path)


def test_a_folder_called_runs_may_hold_images(tmp_path: Path) -> None:
    assert image_files(touch(tmp_path, "cat/runs/a.png")).names == ("cat/runs/a.png",)


def test_folders_that_are_not_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "cat/a.png", "out/b.png")
    (tmp_path / "link").symlink_to("out")
    assert image_files(tmp_path, besides=[tmp_path / "out"]).names == ("cat/a.png",)


def test_the_folders_directly_inside(tmp_path: Path) -> None:
    touch(tmp_path, "cat/deep/a.png", ".hidden/b.png")
    (tmp_path / "empty").mkdir()
    assert image_files(tmp_path).folders == ("cat", "empty")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="is not a folder of images"):
        image_files(tmp_path / "missing")
