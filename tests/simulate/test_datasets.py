"""Data sets in the layouts of torchvision and of their authors, and folders of one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.errors import ArgumentError
from openal.simulate import image_data
from openal.simulate.datasets._folders import TensorImages, thumbnails_of
from openal.simulate.datasets.images import reduced
from tests.simulate.image_data_files import images, write_cifar, write_folders


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", refused)
    monkeypatch.setattr("torchvision.datasets.utils.download_and_extract_archive", refused)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name, count", [("cifar10", 10), ("cifar100", 100)])
def test_cifar_as_torchvision_keeps_it(
    name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = name.upper()
    parts = write_cifar(tmp_path, kind, 10, monkeypatch)
    data = image_data(name, tmp_path)
    assert data.test is not None
    assert (data.title, data.names[7], len(data.names)) == (kind, "thing 7", count)
    for found, expected in ((data.train, parts[True]), (data.test, parts[False])):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["cifar10", "cifar100", "tiny-imagenet"])
def test_a_download_that_fails_says_where_data_are_looked_for(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no network.*--data"):
        image_data(name, tmp_path)


def tiny_imagenet(folder: Path) -> None:
    root = folder / "tiny-imagenet-200"
    ids = ["n01", "n02", "n03"]
    for k, name in enumerate(ids):
        (root / "train" / name / "images").mkdir(parents=True)
        for number, image in enumerate(images(np.full(4, k), 64)):
            Image.fromarray(image).save(root / "train" / name / "images" / f"{name}_{number}.JPEG")
    (root / "val" / "images").mkdir(parents=True)
    for number, image in enumerate(images(np.arange(3), 64)):
        Image.fromarray(image).save(root / "val" / "images" / f"val_{number}.JPEG")
    rows = [f"val_{k}.JPEG\t{ids[2 - k]}\t0\t0\t9\t9" for k in range(3)]
    (root / "val" / "val_annotations.txt").write_text("\n".join(rows))
    (root / "words.txt").write_text("n00\tx\nn01\tcrane, bird\nn02\tcrane\nn03\tgoldfish, fish")


def test_tiny_imagenet_as_it_is_unpacked(tmp_path: Path) -> None:
    tiny_imagenet(tmp_path)
    data = image_data("tiny-imagenet", tmp_path)
    assert data.names == ("crane (n01)", "crane (n02)", "goldfish")
    assert data.train[0].shape == (12, 64, 64, 3)
    assert data.train[1].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert data.test is not None
    assert data.test[1].tolist() == [2, 1, 0]


def test_folders_to_learn_from_and_to_test_with(tmp_path: Path) -> None:
    data = image_data(str(write_folders(tmp_path / "mine", 6)), tmp_path)
    assert (data.title, data.names[4], data.train[0].shape) == ("mine", "kind 4", (30, 32, 32, 3))
    assert data.test is not None and len(data.test[1]) == 15
    expected = data.train[0].reshape(-1, 3).mean(axis=0) / 255
    np.testing.assert_allclose(data.mean, expected, atol=1e-3)
    alone = image_data(str(tmp_path / "mine" / "train"), tmp_path)
    assert alone.test is None and alone.fingerprint != data.fingerprint


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="nor one of cifar10"):
        image_data("cifar11", tmp_path)
    folder = write_folders(tmp_path / "mine", 2)
    (folder / "test" / "kind 0").rename(folder / "test" / "else")
    with pytest.raises(ArgumentError, match="else is a class of which there is nothing"):
        image_data(str(folder), tmp_path)


def test_a_broken_image_to_learn_from_is_left_out_and_named(tmp_path: Path) -> None:
    folder = write_folders(tmp_path / "mine", 2)
    before = image_data(str(folder), tmp_path)
    (folder / "train" / "kind 1" / "x.png").write_bytes(b"no image")
    data = image_data(str(folder), tmp_path)
    np.testing.assert_array_equal(data.train[0], before.train[0])
    (note,) = data.notes
    assert note.startswith("Left out: 1 that cannot be read: kind 1/x.png (Unidentified")


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_validation_part_is_tested_with(tmp_path: Path, name: str) -> None:
    folder = write_folders(tmp_path / "mine", 2)
    (folder / "test").rename(folder / name)
    data = image_data(str(folder), tmp_path)
    assert data.test is not None and len(data.test[1]) == 15


def test_a_broken_image_of_a_known_data_set_is_an_error(tmp_path: Path) -> None:
    tiny_imagenet(tmp_path)
    broken = tmp_path / "tiny-imagenet-200" / "train" / "n01" / "images" / "n01_0.JPEG"
    broken.write_bytes(broken.read_bytes()[:300])
    with pytest.raises(ArgumentError, match=r"n01_0\.JPEG cannot be read as an image"):
        image_data("tiny-imagenet", tmp_path)


def test_a_share_of_each_class(tmp_path: Path) -> None:
    data = image_data(str(write_folders(tmp_path / "mine", 20)), tmp_path)
    less, kept = reduced(data, 0.3)
    assert np.bincount(less.train[1]).tolist() == [6] * 5
    assert less.test is not None and np.bincount(less.test[1]).tolist() == [3] * 5
    np.testing.assert_array_equal(less.train[0], data.train[0][kept])
    np.testing.assert_array_equal(kept, reduced(data, 0.3)[1])


def test_real_photographs_as_items_and_as_thumbnails(shared_data: Callable[[str], Path]) -> None:
    with np.load(shared_data("cifar10_raw5000.npz"), allow_pickle=False) as arrays:
        pixels = arrays["x"][:5]
    items = TensorImages(pixels)
    np.testing.assert_array_equal(items[3].permute(1, 2, 0).numpy(), pixels[3])
    pictures = [Image.fromarray(each) for each in pixels]
    np.testing.assert_array_equal(thumbnails_of(pictures, np.array([4, 0])), pixels[[4, 0]])
    assert thumbnails_of(pictures, np.array([], int)).shape == (0, 32, 32, 3)
