"""A store of `openal embed` alone as labeled data: its folders are the classes."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from openal.cli import main
from openal.errors import ArgumentError
from openal.simulate.datasets._store_source import store_source
from openal.store import Images, build_store, image_names

PLACES = [(k, number) for k in range(3) for number in range(12)]
PHOTOS = {f"{'abc'[k]}/{number}.png": 60 * k + number for k, number in PLACES}


def encode(x: Tensor) -> Tensor:
    return x.reshape(len(x), -1)[:, :2].float() + 1


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(image.convert("RGB")).copy()).permute(2, 0, 1)


def write(folder: Path, photos: Mapping[str, int]) -> None:
    for name, gray in photos.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), gray).save(path)


def store_of(tmp_path: Path, photos: Mapping[str, int] = PHOTOS) -> Path:
    write(tmp_path / "photos", photos)
    return embedded(tmp_path)


def embedded(tmp_path: Path) -> Path:
    """The store of the photos that are there."""
    images = Images(tmp_path / "photos", image_names(tmp_path / "photos"), as_tensor)
    build_store(tmp_path / "store", images, encode, fingerprint={"encoder": "gray"})
    return tmp_path / "store"


def test_the_folders_of_the_images_are_the_classes(tmp_path: Path) -> None:
    source = store_source(store_of(tmp_path))
    assert (source.title, source.names) == ("store", ("a", "b", "c"))
    assert source.labels.tolist() == [0] * 12 + [1] * 12 + [2] * 12
    grays = source.load().pool([0, 13]).take("embeddings", [0, 1])[:, 0] - 1
    assert grays.tolist() == [0, 61]


def test_images_that_are_gone_or_broken_are_no_data(tmp_path: Path) -> None:
    folder = store_of(tmp_path)
    for name in ("a/0.png", "a/1.png"):
        (tmp_path / "photos" / name).unlink()
    (tmp_path / "photos/b/0.png").write_bytes(b"no picture")
    embedded(tmp_path)
    source = store_source(folder)
    assert np.bincount(source.labels).tolist() == [10, 11, 12]
    assert [note[:25] for note in source.notes] == [
        "Left out: 1 that could no",
        "Left out: 2 that are gone",
    ]


def test_a_class_that_is_gone_is_none(tmp_path: Path) -> None:
    folder = store_of(tmp_path)
    for path in (tmp_path / "photos/b").iterdir():
        path.unlink()
    embedded(tmp_path)
    source = store_source(folder)
    assert source.names == ("a", "c")
    assert np.bincount(source.labels).tolist() == [12, 12]


@pytest.mark.parametrize("labels", [None, Path("labels.txt")])
def test_a_store_of_which_nothing_is_left_says_so(tmp_path: Path, labels: Path | None) -> None:
    folder = store_of(tmp_path)
    for path in (tmp_path / "photos").rglob("*.png"):
        path.write_bytes(b"no picture")
    embedded(tmp_path)
    with pytest.raises(ArgumentError, match="store has no image that is there and could be read"):
        store_source(folder, labels)


REFUSED = {
    "--out results": "--out results is the store",
    "--max-pixels 5": "--max-pixels and --bits are for --images",
    "--bits 12": "--max-pixels and --bits are for --images",
}


@pytest.mark.parametrize("more", REFUSED)
def test_what_does_not_go_with_a_store_is_refused(
    more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store_of(tmp_path).rename(tmp_path / "results")
    assert main(["simulate", "--embeddings", "results", *more.split()]) == 2
    assert REFUSED[more] in capsys.readouterr().err
    assert not Path("results/runs").exists()


LACKING = {
    "'b.png' is in none; give --labels FILE, a class for each of its 2 rows": ("a/0.png", "b.png"),
    "all lie in 'a', and classes are at least two; give --labels": ("a/0.png", "a/1.png"),
    r"parts of a data set \(test, train\).*; give --labels": ("train/a/0.png", "test/a/1.png"),
}


@pytest.mark.parametrize("words", LACKING)
def test_a_store_without_classes_says_what_to_give(words: str, tmp_path: Path) -> None:
    photos = dict(zip(LACKING[words], (1, 2), strict=True))
    with pytest.raises(ArgumentError, match=words):
        store_source(store_of(tmp_path, photos))


def test_a_store_of_no_images_says_what_to_give(tmp_path: Path) -> None:
    build_store(tmp_path / "store", torch.ones(4, 1, 2, 2), encode, fingerprint={"encoder": "gray"})
    with pytest.raises(ArgumentError, match="no folder names the classes; give --labels FILE"):
        store_source(tmp_path / "store")


def test_labels_in_a_file_are_those_of_the_rows(tmp_path: Path) -> None:
    folder, labels = store_of(tmp_path, {"a.png": 1, "b.png": 2}), tmp_path / "labels.txt"
    labels.write_text("dog\ncat\n")
    source = store_source(folder, labels)
    assert [source.names[k] for k in source.labels] == ["dog", "cat"]
    labels.write_text("dog\n")
    with pytest.raises(ArgumentError, match=r"store has 2 rows; .*labels\.txt has 1 label\."):
        store_source(folder, labels)


@pytest.mark.long
def test_a_store_alone_is_simulated_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store_of(tmp_path)
    arguments = ["--strategies", "Random,NEAT", "--known", "a,b", "--first", "4", "--rounds", "2"]
    more = ["--budget", "3", "--seeds", "1", "--out", "results", "--no-bounds"]
    assert main(["simulate", "--embeddings", "store", *arguments, *more]) == 0
    settings = json.loads(Path("results/simulation.json").read_text())["settings"]
    assert settings["data"] == "store"
