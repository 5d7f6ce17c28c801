"""Damaged data to simulate with are refused by name, or are data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.simulate.datasets import _folders as labeled_folders
from openal.simulate.datasets import images as tiny_imagenet
from openal.simulate.datasets._array_files import read_labels
from openal.simulate.datasets._encoders import embedder_of
from openal.simulate.datasets._sources import DataSource, files, image_folder
from openal.store.images import Images, image_names
from tests.fuzz.damage import BYTES
from tests.fuzz.harness import Loader
from tests.fuzz.structured import in_npy, weighted

N = 12


def write_arrays(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.random.default_rng(0).normal(size=(N, 3)).astype("f4"))
    np.save(folder / "labels.npy", np.arange(N) % 3)
    (folder / "labels.txt").write_text("cat\nowl\ndög\n" * (N // 3), encoding="utf-8")


def loaded(source: DataSource) -> tuple[np.ndarray, np.ndarray]:
    """The embeddings, which are read last, and the labels."""
    assert source.embeddings is not None
    return source.embeddings(), source.labels


def is_source(_: Any, found: tuple[np.ndarray, np.ndarray]) -> bool:
    return is_finite(*found)


def is_finite(vectors: np.ndarray, labels: np.ndarray) -> bool:
    return vectors.ndim == 2 and len(vectors) == len(labels) and bool(np.isfinite(vectors).all())


def are_labels(_: Any, found: tuple[np.ndarray, tuple[str, ...]]) -> bool:
    labels, names = found
    return {*labels.tolist()} == {*range(len(names))} and all(isinstance(n, str) for n in names)


@pytest.mark.parametrize("labels", ["labels.npy", "labels.txt"])
def test_vectors_and_their_labels(
    folder: Path, fuzzed: Callable[[Loader], None], labels: str
) -> None:
    write_arrays(folder)
    read = lambda folder: loaded(files(folder / "vectors.npy", folder / labels))  # noqa: E731
    fuzzed(Loader(read, {"vectors.npy": weighted(in_npy), labels: BYTES}, is_source))


@pytest.mark.parametrize("name", ["labels.npy", "labels.txt"])
def test_labels(folder: Path, fuzzed: Callable[[Loader], None], name: str) -> None:
    write_arrays(folder)
    damages = weighted(in_npy) if name.endswith("npy") else BYTES
    fuzzed(Loader(lambda folder: read_labels(folder / name), {name: damages}, are_labels))


def test_vectors_for_the_images_of_a_recipe(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    write_arrays(folder)

    def read(folder: Path) -> np.ndarray:
        found = embedder_of(None, folder / "vectors.npy", None, np.arange(N), N)
        assert found is not None
        return found.embed(np.zeros(0), folder)

    good = lambda whole, found: is_finite(found, np.zeros(N))  # noqa: E731
    fuzzed(Loader(read, {"vectors.npy": weighted(in_npy)}, good))


def write_images(folder: Path) -> None:
    random = np.random.default_rng(0)
    for number, name in enumerate(("a.png", "b.jpg", "c.gif", "d.bmp", "e.tiff", "f.webp")):
        path = folder / f"kind {number % 2}" / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 255, (8, 8, 3)).astype(np.uint8)).save(path)


IMAGES = dict.fromkeys((".png", ".jpg", ".gif", ".bmp", ".tiff", ".webp"), BYTES)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_a_folder_of_images(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    write_images(folder)
    read = lambda folder: loaded(image_folder(folder, "pixels"))  # noqa: E731
    fuzzed(Loader(read, IMAGES, is_source, refuses=False))  # a broken one is left out


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_folder_of_images_that_networks_learn_from(
    folder: Path, fuzzed: Callable[[Loader], None]
) -> None:
    write_images(folder)

    def good(_: Any, found: Any) -> bool:
        return len(found[0]) == 2 and found[1][0].shape == (len(found[1][1]), 32, 32, 3)

    fuzzed(Loader(labeled_folders.labeled_folder, IMAGES, good, refuses=False))


def test_images_to_embed(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    """A broken one counts as unreadable; it is looked for by name, and its size is told."""
    write_images(folder)

    def read(folder: Path) -> list[str]:
        return Images(folder, image_names(folder), lambda image: image).identities()

    fuzzed(Loader(read, IMAGES, lambda whole, found: len(found) in (5, 6), refuses=False))


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_imagenet, "_download", lambda folder: pytest.fail("downloaded"))


@pytest.mark.usefixtures("no_download")
def test_tiny_imagenet(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    root = folder / tiny_imagenet.NAME
    for path in ("train/n01/images/a.JPEG", "train/n02/images/b.JPEG", "val/images/c.JPEG"):
        (root / path).parent.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(root / path, format="jpeg")
    (root / "words.txt").write_text("n01\tcrane, bird\nn02\tcrane\nn03\towl\n")
    (root / "val" / "val_annotations.txt").write_text("c.JPEG\tn02\t0\t0\t9\t9\n" * 3)

    def good(_: Any, found: Any) -> bool:
        names, train, test = found
        return len(names) == 2 == len(train[1]) and {*test[1].tolist()} <= {0, 1}

    fuzzed(Loader(tiny_imagenet.tiny_imagenet, {".txt": BYTES}, good))
