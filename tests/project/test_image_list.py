"""What `images` stands for: a folder, a glob, or a table of paths."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from openal.errors import ArgumentError, MissingPackageError
from openal.project import Project
from openal.project._image_list import base_folder, image_list


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("b.png", "a.png", "in/c.png", "in/d.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    (tmp_path / "photos" / "notes.txt").touch()
    return tmp_path


def names(images: str, start: Path) -> tuple[str, ...]:
    return image_list(images, start).names


def test_a_folder_is_all_images_below_it(photos: Path) -> None:
    assert names("photos", photos) == ("a.png", "b.png", "in/c.png", "in/d.jpg")
    assert image_list("photos", photos).left_out == "Left out: other files: 1 (.txt)."


def test_a_folder_is_found_from_a_project_that_is_not_there_yet(photos: Path) -> None:
    assert len(names("../photos", photos / "new")) == 4


@pytest.mark.parametrize(
    "pattern, folder, found",
    [
        ("photos/*", "photos", ("a.png", "b.png")),
        ("photos/**/*.png", "photos", ("a.png", "b.png", "in/c.png")),
        ("photos/i?/*", "photos", ("in/c.png", "in/d.jpg")),
        ("photos/in/[cd].*", "photos/in", ("c.png", "d.jpg")),
    ],
)
def test_a_glob_is_relative_to_its_fixed_part(
    photos: Path, pattern: str, folder: str, found: tuple[str, ...]
) -> None:
    assert names(pattern, photos) == found
    assert base_folder(pattern, photos) == photos / folder


@pytest.mark.parametrize(
    "text",
    [
        "file\na.png\nin/c.png\n",
        "\ufeffid;Path\r\n1;a.png\r\n2;in/c.png\r\n",
        "whatever\na.png\nin/c.png",
    ],
)
def test_a_csv_is_a_column_of_paths_from_its_folder_on(photos: Path, text: str) -> None:
    (photos / "photos" / "list.csv").write_text(text, encoding="utf-8")
    assert names("photos/list.csv", photos) == ("a.png", "in/c.png")
    assert base_folder("photos/list.csv", photos) == photos / "photos"


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is empty"),
        ("id,name\n1,a.png\n", "has the columns 'id', 'name'; one of file, path"),
        ("file\na.png\na.png\n", "row 2: 'a.png' is in row 1 already"),
        ("id,file\n1,a.png\n2\n", "row 2: there is no column 'file' in it"),
        ("id,file\n1, \n", "row 1: the path is empty"),
        ("file\nx.png\n", "no path in it is a file, not 'x.png' in row 1 either"),
    ],
)
def test_a_csv_that_cannot_be_is_refused(photos: Path, text: str, message: str) -> None:
    (photos / "list.csv").write_text(text)
    with pytest.raises(ArgumentError, match=message):
        names("list.csv", photos)


def test_parquet_is_read_by_pandas(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "photos" / "list.parquet").touch()
    frame = pd.DataFrame({"id": [1, 2], "path": ["a.png", "in/c.png"]})
    monkeypatch.setattr(pd, "read_parquet", lambda _: frame)
    assert names("photos/list.parquet", photos) == ("a.png", "in/c.png")


def test_parquet_without_its_packages_says_what_to_install(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_: object) -> None:
        raise ImportError("no engine")

    (photos / "list.parquet").touch()
    monkeypatch.setattr(pd, "read_parquet", absent)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[parquet\]"'):
        names("list.parquet", photos)


@pytest.mark.parametrize(
    "images, message",
    [
        ("nowhere", "is neither a folder, nor a glob"),
        ("photos/*.gif", "no image is there"),
        ("empty", "no image is there"),
    ],
)
def test_what_holds_no_image_is_refused(photos: Path, images: str, message: str) -> None:
    (photos / "empty").mkdir()
    with pytest.raises(ArgumentError, match=message):
        names(images, photos)


def test_images_that_come_after_the_embeddings_take_no_part(photos: Path) -> None:
    project = Project.create(photos / "project", "../photos", ["cat"])
    project.fixed_names()
    project.labeled().add(0, 0)
    Image.new("RGB", (4, 4)).save(photos / "photos" / "0.png")
    later = Project.find(photos / "project")
    assert later.fixed_names() == later.names == ("a.png", "b.png", "in/c.png", "in/d.jpg")


def test_images_that_come_before_anything_depends_on_the_list_do(photos: Path) -> None:
    project = Project.create(photos / "project", "../photos", ["cat"])
    project.fixed_names()
    Image.new("RGB", (4, 4)).save(photos / "photos" / "0.png")
    assert Project.find(photos / "project").fixed_names()[0] == "0.png"
    assert project.path_of(0) == photos / "photos" / "a.png"


@pytest.mark.parametrize("content", ["", "[]", '{"images": []}', '{"images": [1]}'])
def test_a_damaged_list_is_not_made_anew(photos: Path, content: str) -> None:
    project = Project.create(photos / "project", "../photos", ["cat"])
    project.labeled()
    (photos / "project" / "images.json").write_text(content)
    with pytest.raises(ArgumentError, match="not the list of images that openal wrote"):
        _ = Project.find(photos / "project").names
