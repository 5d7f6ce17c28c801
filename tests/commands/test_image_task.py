"""`openal simulate --task cnn`: a network learns the images, embeddings only choose."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from openal.cli import main
from openal.commands.simulate import _by_budget, _experiment, parser

CLASSES = ("car", "cat", "dog", "owl")
FAST = ["--task", "cnn", "--epochs", "1", "--seeds", "1", "--rounds", "1", "--budget", "3"]
FAST += ["--first", "4", "--known", "cat,dog"]


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty photos of four classes in a folder, and as arrays, with embeddings."""
    monkeypatch.chdir(tmp_path)
    random, labels = np.random.default_rng(0), np.repeat(np.arange(4), 10)
    pixels = (random.integers(0, 60, (40, 16, 16, 3)) + 45 * labels[:, None, None, None]) % 256
    for row, k in enumerate(labels):
        path = Path("photos", CLASSES[k], f"{row:02}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[row].astype(np.uint8)).save(path)
    np.save("pixels.npy", pixels.astype(np.uint8))
    Path("labels.txt").write_text("\n".join(CLASSES[k] for k in labels))
    np.save("vectors.npy", np.eye(4)[labels] + random.normal(size=(40, 4)) / 9)
    return tmp_path


def simulated(*arguments: str) -> Any:
    assert main(["simulate", *FAST, *arguments, "--out", "results"]) == 0
    return json.loads(Path("results/simulation.json").read_text())


def experiment(*arguments: str) -> Any:
    (given,) = _by_budget(parser().parse_args([*FAST, *arguments, "--out", "results"]))
    return _experiment(given)


WAYS = {
    "two files": ["--images", "pixels.npy", "--labels", "labels.txt"],
    "a folder": ["--images", "photos"],
}


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_a_network_learns_what_embeddings_choose(way: str) -> None:
    found = simulated(
        *WAYS[way], "--embeddings", "vectors.npy", "--strategies", "Random,NEAT,LfOSA"
    )
    assert "SmallCNN" in found["settings"]["task"] and "epochs=1" in found["settings"]["task"]
    assert found["settings"]["embeddings"] == "vectors.npy"
    assert found["summary"]["LfOSA"]["precision"]["mean"] == 1.0
    assert [*found["runs"]][:3] == ["Random", "NEAT", "LfOSA"]


@pytest.mark.long
def test_a_store_of_openal_embed_chooses_too() -> None:
    encoder = ["--encoder", "tests.thumbnail_encoder:make", "--device", "cpu", "--workers", "1"]
    assert main(["embed", "photos", "--out", "store", *encoder]) == 0
    simulated("--images", "photos", "--embeddings", "store", "--strategies", "Random,NEAT")


@pytest.mark.long
def test_without_embeddings_strategies_learn_the_images_too() -> None:
    simulated(*WAYS["a folder"], "--encoder", "none", "--strategies", "Random,LfOSA")


def test_both_ways_see_the_same_images_at_the_side_that_is_asked_for() -> None:
    more = ["--encoder", "none", "--side", "8", "--strategies", "Random"]
    one, two = (experiment(*given, *more).source.items.pixels for given in WAYS.values())
    assert one.shape == (40, 8, 8, 3)
    np.testing.assert_array_equal(one, two)


def test_the_row_of_an_image_that_cannot_be_read_is_left_out() -> None:
    Path("photos/cat/13.png").write_bytes(b"no picture")
    source = experiment(*WAYS["a folder"], "--embeddings", "vectors.npy").source
    vectors = np.delete(np.load("vectors.npy"), 13, axis=0).astype(np.float32)
    np.testing.assert_array_equal(
        source.load().pool(range(39)).take("embeddings", range(39)), vectors
    )


def test_an_encoder_sees_the_images_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = set()

    def encoded(images_as: Callable[[Any], Any], encoder: str) -> np.ndarray:
        images = images_as(lambda image: image.size)
        sizes.update(images[index] for index in range(len(images)))
        return np.zeros((len(images), 2), np.float32)

    monkeypatch.setattr("openal.simulate.datasets._pixel_sources.encoded", encoded)
    experiment(*WAYS["a folder"], "--encoder", "pixels", "--side", "8").source.load()
    assert sizes == {(16, 16)}


BAD = [
    ("--images photos --embeddings vectors.npy --encoder pixels", "both say what the embeddings"),
    ("--images photos --encoder none --strategies NEAT", "NEAT reads ['embeddings']"),
    ("--images photos --labels labels.txt", "--images names the classes already"),
    ("--images labels.txt --labels labels.txt", "labels.txt cannot be read as a .npy file"),
    ("--images vectors.npy --labels labels.txt", "must hold pixels uint8"),
    ("--embeddings vectors.npy --labels labels.txt", "--task cnn learns images"),
    ("--images photos --encoder pixels --side 2", "--side must be at least 8"),
    ("--images photos --embeddings few.npy", "must hold real numbers [40, D]"),
    ("--images photos --task mlp --side 16", "--side is for --task cnn and resnet18"),
    ("--images photos --encoder none --epochs 0", "epochs must be at least 1"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[arguments for arguments, _ in BAD])
def test_bad_arguments(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("few.npy", np.eye(7))
    given = [*FAST, "--strategies", "Random", *arguments.split(), "--out", "results"]
    assert main(["simulate", *given]) == 2
    output = capsys.readouterr()
    assert message in output.err and output.err.count("\n") == 1
    assert not Path("results").exists()
