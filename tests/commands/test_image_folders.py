"""`openal embed` and `openal simulate` read the same images of a folder, and tell the others."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from openal.cli import main
from openal.store import Embeddings, image_names

CLASSES = ("car", "cat", "dog", "owl")
ENCODER = ["--encoder", "tests.thumbnail_encoder:make", "--device", "cpu", "--workers", "1"]
SIMULATE = ["--encoder", "pixels", "--known", "cat,dog", "--seeds", "1", "--rounds", "1"]
SIMULATE += ["--budget", "3", "--first", "4", "--strategies", "Random", "--no-bounds"]


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty photos of four classes, in a folder that is also the one of the command."""
    random, folder = np.random.default_rng(0), tmp_path / "photos"
    for k, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(15):
            pixels = (random.integers(0, 60, (16, 16, 3)) + 45 * k).astype(np.uint8)
            ending = ("png", "jpg", "jfif", "tga", "jp2")[number % 5]
            Image.fromarray(pixels).save(folder / name / f"{number:02}.{ending}")
    monkeypatch.chdir(folder)
    return folder


def simulated(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["simulate", *SIMULATE, *arguments]) == 0
    return capsys.readouterr().out


def embedded(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["embed", ".", "--out", "../store", *ENCODER, *arguments]) == 0
    return capsys.readouterr().out


def pool_size(folder: Path) -> int:
    """All items, those held out for the test too."""
    with np.load(folder / "data.npz", allow_pickle=False) as file:
        return len(file["labels"])


@pytest.mark.long
def test_both_read_the_same_files(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedded(capsys)
    simulated(capsys, "--images", ".", "--out", "../results")
    assert len(Embeddings("../store")) == pool_size(photos / "../results") == 60
    assert len(image_names(Path())) == 60


@pytest.mark.long
def test_both_leave_one_broken_image_out_and_name_it(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (photos / "cat" / "01.jpg").read_bytes()
    (photos / "cat" / "01.jpg").write_bytes(whole[: len(whole) // 2])
    assert "1 image could not be read" in (said := embedded(capsys))
    assert "  cat/01.jpg: OSError: " in said
    said = simulated(capsys, "--images", ".", "--out", "../results")
    assert "Left out: 1 that cannot be read: cat/01.jpg (OSError: " in said
    assert Embeddings("../store").unreadable.tolist() == [16]
    assert pool_size(photos / "../results") == 59
    notes = json.loads(Path("../results/simulation.json").read_text())["notes"]
    assert len(notes) == 1 and notes[0].startswith("Left out: 1 that cannot be read")


@pytest.mark.long
def test_both_say_what_is_left_out(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("cat/._00.png", "cat/a.svg", "dog/notes.txt", "@eaDir/cat/00.png"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).touch()
    expected = (
        "Left out: images of kinds that Pillow cannot read here: 1 (.svg); hidden: 1 (._00.png); "
        "folders of trash or thumbnails: 1 (@eaDir); other files: 1 (.txt)."
    )
    assert embedded(capsys).startswith(f".: 60 images. {expected}\n")
    assert simulated(capsys, "--images", ".", "--out", "../results").startswith(expected)


@pytest.mark.long
def test_the_results_among_the_classes_are_no_class(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = simulated(capsys, "--images", ".")
    assert simulated(capsys, "--images", ".") == first
    for name in ("simulation.json", "simulation.png", "data.npz"):  # killed early
        (photos / "openal-simulation" / name).unlink()
    assert simulated(capsys, "--images", ".") == first
    other = simulated(capsys, "--images", ".", "--out", "elsewhere")
    assert other.startswith("Left out: folders of openal's results: 1 (openal-simulation).")
    assert "2 of 4 classes" in other


def test_results_in_the_folder_of_images_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *SIMULATE, "--images", ".", "--out", "."]) == 2
    assert "--out . is the folder of images" in capsys.readouterr().err


def test_a_store_among_the_images(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["embed", ".", "--out", "store", *ENCODER]) == 0
        assert capsys.readouterr().out.startswith(f"{photos}/store: 60 x ")


@pytest.mark.long
def test_parts_are_told_apart_from_classes(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("train", "val"):
        (photos / part).mkdir()
        for name in CLASSES:
            os.rename(photos / name, photos / part / name) if part == "train" else None
    Image.new("L", (4, 4)).save(photos / "val" / "a.png")
    assert main(["simulate", *SIMULATE, "--images", "."]) == 2
    assert "parts of a data set (train, val), not classes" in capsys.readouterr().err
    assert "2 of 4 classes" in simulated(capsys, "--images", "train", "--out", "../results")


@pytest.mark.long
def test_the_rules_that_were_used_are_said_once(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in (10, 200)]
    frames[0].save(photos / "cat" / "a.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(np.eye(8, dtype=np.float32)).save(photos / "dog" / "b.tiff")
    expected = (
        "1 image with several frames or pages, of which the first is read: cat/a.gif\n"
        "1 image of floats, signed or 32-bit numbers, mapped from the range of the image: "
        "dog/b.tiff\n"
    )
    assert embedded(capsys).endswith(expected)
    assert simulated(capsys, "--images", ".", "--out", "../results").startswith(expected)


@pytest.mark.long
def test_a_panorama_is_read_by_an_option(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (600, 40)).save(photos / "cat" / "wide.png")
    assert "could not be read" not in embedded(capsys)
    limit = ["--max-pixels", "20000"]
    said = simulated(capsys, "--images", ".", "--out", "../results", *limit)
    assert "cat/wide.png (DecompressionBombError: 600 x 40 pixels are more than 20000" in said
    assert "--max-pixels 24000 reads it" in said
    assert pool_size(photos / "../results") == 60


def test_other_bits_are_another_store(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedded(capsys)
    assert main(["embed", ".", "--out", "../store", *ENCODER, "--bits", "12"]) == 2
    assert "bits was None and is '12' now" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--max-pixels", "9"], ["--bits", "12"]])
def test_options_of_images_without_images(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == 2
    assert "are for --images and --recipe" in capsys.readouterr().err
