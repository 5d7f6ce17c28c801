"""Digits, two files, or a folder of images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from openal.errors import ArgumentError
from openal.simulate.datasets import _encoders as encode
from openal.simulate.datasets._array_files import read_labels
from openal.simulate.datasets._sources import digits, files, image_folder
from tests.walking import walked


def folder_of_images(folder: Path) -> Path:
    for name, shade in (("cat", 30), ("owl", 200)):
        (folder / name / "more").mkdir(parents=True)
        for number, size in enumerate([(20, 20), (33, 17)]):
            Image.new("RGB", size, (shade, 0, number)).save(folder / name / f"{number}.png")
        Image.new("L", (8, 8), shade).save(folder / name / "more" / "gray.JPG")
        (folder / name / "notes.txt").write_text("no image")
    return folder


def test_the_digits_are_there() -> None:
    source = digits()
    assert source.load().pool([0, 1796]).take("embeddings", [0, 1]).shape == (2, 64)
    assert source.names == tuple("0123456789")


@pytest.mark.parametrize(
    "text, labels, names",
    [
        ("owl\ncat\nowl\n", [1, 0, 1], ("cat", "owl")),
        ("10\r\n9\r\n10", [1, 0, 1], ("9", "10")),
        ("\ufeffé\nb", [1, 0], ("b", "é")),
        ("=1+1\n<b>", [1, 0], ("<b>", "=1+1")),
    ],
)
def test_labels_in_a_text(
    tmp_path: Path, text: str, labels: list[int], names: tuple[str, ...]
) -> None:
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
    found, found_names = read_labels(tmp_path / "labels.txt")
    assert (found.tolist(), found_names) == (labels, names)


def test_labels_in_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", np.array([7, -1, 7], np.int16))
    found, names = read_labels(tmp_path / "labels.npy")
    assert (found.tolist(), names) == ([1, 0, 1], ("-1", "7"))


@walked
@pytest.mark.parametrize(
    "name, content",
    [
        ("labels.txt", b""),
        ("labels.txt", b"cat\n\nowl"),
        ("labels.csv", b"1,cat\n2,owl"),
        ("labels.txt", b"\xff\xfe\x00"),
        ("labels.json", b"[]"),
        ("labels.npy", b"not an array"),
        ("labels.npy", b""),
        ("missing.txt", None),
        ("missing.npy", None),
    ],
)
def test_labels_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ArgumentError, match=name):
        read_labels(tmp_path / name)


@pytest.mark.parametrize("array", [np.array([0.5]), np.array([["a"]]), np.array([None])])
def test_arrays_that_are_no_labels(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "labels.npy", array)
    with pytest.raises(ArgumentError, match=r"labels\.npy"):
        read_labels(tmp_path / "labels.npy")


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros(3),
        np.zeros((2, 4)),
        np.array([[0.0], [np.nan], [0.0]]),
        np.array([[0.0], [1e300], [0.0]]),
        np.array([["a"], ["b"], ["c"]]),
        np.array([[None], [1], [2]]),
    ],
)
def test_embeddings_that_cannot_be_right(tmp_path: Path, vectors: np.ndarray) -> None:
    np.save(tmp_path / "vectors.npy", vectors)
    np.save(tmp_path / "labels.npy", [0, 1, 0])
    with pytest.raises(ArgumentError, match=r"vectors\.npy"):
        files(tmp_path / "vectors.npy", tmp_path / "labels.npy")


def test_an_archive_is_not_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "vectors.npz", np.eye(3))
    with pytest.raises(ArgumentError, match="archive"):
        files(tmp_path / "vectors.npz", tmp_path / "labels.npy")


def test_fingerprints_tell_data_apart(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", [0, 1, 0])
    found = set()
    for vectors in (np.eye(3), np.eye(3, dtype=np.float16), 2 * np.eye(3)):
        np.save(tmp_path / "vectors.npy", vectors)
        found.add(files(tmp_path / "vectors.npy", tmp_path / "labels.npy").fingerprint)
    assert len(found) == 2


def test_a_folder_per_class(tmp_path: Path) -> None:
    source = image_folder(folder_of_images(tmp_path), "pixels")
    assert (source.names, source.labels.tolist()) == (("cat", "owl"), [0, 0, 0, 1, 1, 1])
    embeddings = source.embeddings()
    assert (embeddings.shape, embeddings.dtype) == ((6, 768), np.float32)
    np.testing.assert_allclose(embeddings.mean(axis=0), 0, atol=1e-6)


def test_another_picture_is_another_fingerprint(tmp_path: Path) -> None:
    before = image_folder(folder_of_images(tmp_path), "pixels").fingerprint
    Image.new("RGB", (20, 20)).save(tmp_path / "cat" / "0.png")
    assert image_folder(tmp_path, "pixels").fingerprint != before


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(ArgumentError, match="folder"):
            image_folder(folder, "pixels")
    folder_of_images(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArgumentError, match="empty holds no images"):
        image_folder(tmp_path, "pixels")


class Untrained:
    """What torchvision would have downloaded."""

    DEFAULT: Any = None

    def transforms(self) -> Any:
        return lambda image: torch.from_numpy(
            np.asarray(image.resize((32, 32)), np.float32).T / 255
        )


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> Any:
    from torchvision import models

    network = models.get_model("mobilenet_v3_small", weights=None).eval()
    Untrained.DEFAULT = Untrained()
    monkeypatch.setattr(models, "get_model_weights", lambda name: Untrained)
    monkeypatch.setattr(models, "get_model", lambda name, **_: network)
    return network


def test_the_features_of_a_pretrained_network(tmp_path: Path, no_download: Any) -> None:
    folder = folder_of_images(tmp_path)
    embeddings = image_folder(folder, "mobilenet_v3_small").embeddings()
    with Image.open(folder / "cat" / "1.png") as image, torch.no_grad():
        x = Untrained().transforms()(image)[None]
        expected = no_download.classifier[:-1](no_download.features(x).mean(dim=(2, 3)))
    assert embeddings.shape == (6, 1024)
    np.testing.assert_allclose(embeddings[1:2], expected, atol=1e-5)


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("encoder", ["pixels", "mobilenet_v3_small"])
def test_a_broken_image_is_left_out_and_named(tmp_path: Path, encoder: str) -> None:
    folder_of_images(tmp_path)
    (tmp_path / "owl" / "1.png").write_bytes(b"no picture")
    source = image_folder(tmp_path, encoder)
    assert source.labels.tolist() == [0, 0, 0, 1, 1]
    assert len(source.embeddings()) == 5
    assert source.notes[1].startswith(
        "Left out: 1 that cannot be read: owl/1.png (UnidentifiedImageError: cannot identify"
    )


def test_a_class_of_broken_images_is_refused(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    for path in (tmp_path / "owl").rglob("*.*"):
        path.write_bytes(b"")
    with pytest.raises(ArgumentError, match=r"owl holds no image that can be read: .*it is empty"):
        image_folder(tmp_path, "pixels")


def test_an_image_that_vanishes_after_the_first_look_is_named(tmp_path: Path) -> None:
    source = image_folder(folder_of_images(tmp_path), "pixels")
    (tmp_path / "owl" / "1.png").unlink()
    with pytest.raises(ArgumentError, match=r"^\S*1\.png cannot be read as an image"):
        source.embeddings()


def test_images_outside_the_classes_are_counted(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(folder_of_images(tmp_path) / "cover.png")
    assert image_folder(tmp_path, "pixels").notes == (
        "Left out: other files: 2 (.txt).",
        "Left out: 1 outside the folders of the classes.",
    )


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "TEST"), ("train", "dev", "cat")])
def test_parts_of_a_data_set_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name / "cat").mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / name / "cat" / "1.png")
    with pytest.raises(ArgumentError, match=f"parts of a data set .* --images {tmp_path}"):
        image_folder(tmp_path, "pixels")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    (tmp_path / "owl").rename(tmp_path / "train")
    assert image_folder(tmp_path, "pixels").names == ("cat", "train")


def test_the_folder_of_the_results_is_no_class(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    (tmp_path / "results" / "runs").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "results" / "simulation.png")
    source = image_folder(tmp_path, "pixels", besides=[tmp_path / "results"])
    assert source.names == ("cat", "owl")


def test_a_phone_photo_is_embedded_upright(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    before = image_folder(tmp_path, "pixels").embeddings()
    upright = Image.open(tmp_path / "cat" / "1.png")
    upright.load()
    tag = Image.Exif()
    tag[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "cat" / "1.png", exif=tag)
    np.testing.assert_array_equal(image_folder(tmp_path, "pixels").embeddings(), before)


def test_a_download_that_fails_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refused)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refused)
    with pytest.raises(ArgumentError, match=r"no network.*--encoder pixels"):
        image_folder(folder_of_images(tmp_path), "resnet18").embeddings()


def test_an_encoder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="did you mean resnet18"):
        image_folder(folder_of_images(tmp_path), "resnet-18")
    assert encode.PIXELS == "pixels"
